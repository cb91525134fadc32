"""The process around the decoders: its barriers, its forks, what it says."""
