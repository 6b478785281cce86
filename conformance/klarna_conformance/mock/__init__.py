"""A stateful server that follows the documentation and records its exchanges."""
