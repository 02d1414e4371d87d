"""
Items, contents and tools as ``TypedDict``, for type checkers and editors; nothing of it is loaded at run time.

Held against the classes by a test, and so against OpenAI's description. Words are closed: a slip is an error.
What is newer than this package is sent as an ``UnknownItem``, or in a dictionary that is ``cast``.
"""
