"""Conversations as files: written as JSON Lines, Markdown and HTML, read as JSON Lines and from two older APIs."""
