"""The commands of the command line, a module each; whatever is heavy is imported when it runs."""
