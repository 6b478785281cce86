"""Where requests go, and where orders come from."""
