"""The commands of the command line; whatever is heavy is imported when one runs."""
