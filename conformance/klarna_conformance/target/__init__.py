"""Where requests go, and what provides the orders."""
