"""How materials are found."""
