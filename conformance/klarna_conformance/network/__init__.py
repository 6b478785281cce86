"""The network in front of a server: it records the traffic, and injects faults."""
