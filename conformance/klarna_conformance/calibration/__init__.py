"""A mock that takes each choice that the documentation leaves open as a recorded target did."""
