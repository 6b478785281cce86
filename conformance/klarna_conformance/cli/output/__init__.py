"""What commands print: progress, summaries and tables on the terminal, and GitHub's log."""
