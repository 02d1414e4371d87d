"""HTTP: from the socket to a request as a value, and from a response as a value back to the socket."""
