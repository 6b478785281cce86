"""The client side of HTTP: requests, retries, rate limits, TLS, decoding."""
