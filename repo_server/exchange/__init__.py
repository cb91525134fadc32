"""Formats of others: pure mappings between their text and our records."""
