"""Readers of documents: text place by place."""
