"""The turns of a real service, written down as a script: what is written, and the server that forwards and listens."""
