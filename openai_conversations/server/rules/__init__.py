"""What the service does with a request: pure functions of the request and of the store."""
