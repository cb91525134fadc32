"""The product as many processes: several that serve, several that work, real engines behind."""
