"""What a run leaves: the record, its journal, and the results of both."""
