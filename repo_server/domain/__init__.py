"""Rules of the library: plain Python without I/O."""
