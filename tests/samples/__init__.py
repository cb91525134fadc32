"""The sample library: what the lessons hold, and what the files made of them are like."""
