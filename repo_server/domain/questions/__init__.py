"""What a person looks for, understood before any engine is asked."""
