"""What the library knows: the SQL database, the only authority."""
