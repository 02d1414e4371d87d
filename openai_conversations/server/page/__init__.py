"""The page of the control path: what a person sees of the server in a browser."""
