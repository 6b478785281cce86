"""What a run sends, and in which order."""
