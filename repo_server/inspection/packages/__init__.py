"""Packages of lessons and exercises: recognised by their structure, read by their manifests."""
