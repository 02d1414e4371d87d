"""Turns of a model: what became of one whose response was lost, and the events of one whose connection broke."""
