"""Repeatable benchmarks of the whole product; each prints one table. Run by `make bench`."""
