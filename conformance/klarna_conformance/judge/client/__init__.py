"""Judges what a client sent and reported, by the client requirements of the specs. Pure."""
