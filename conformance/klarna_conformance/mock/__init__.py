"""A server that does as the documentation says, and remembers everything."""
