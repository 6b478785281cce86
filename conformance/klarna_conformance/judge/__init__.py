"""What exchanges are worth, by the specs alone: `server` judges servers, `client` clients. Pure."""
