"""What is said of a finding: sentences, commands, timelines."""
