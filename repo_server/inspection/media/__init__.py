"""Readers of sound and film."""
