"""Client requirements, and the values of a client certification."""
