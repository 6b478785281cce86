"""What a record comes to: verdicts, causes, changes."""
