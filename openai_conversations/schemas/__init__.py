"""
The shapes of the API as attrs classes, and nothing else: no wire rules, no I/O.

Nothing is imported here. Each family (``items``, ``content``, ``tools``) imports a class when it is first used.
"""
