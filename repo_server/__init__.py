"""Kho: a shared library of digital teaching materials."""
