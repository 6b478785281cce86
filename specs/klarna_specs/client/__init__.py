"""What a client of the API is held to, and the nouns of putting one to the test."""
