"""What stands in front of a server: a socket that fails as it is told, and sees what passes."""
