"""What is inside a file."""
