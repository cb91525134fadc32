"""The second origin: packages of people are played there, and nothing else is."""
