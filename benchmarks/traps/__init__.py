"""
The table of traps: the official client and ours through the same faults of the embedded server.

``python -m benchmarks.traps`` writes ``docs/explanation/traps.md``; ``--check`` compares it instead, times aside. Every
word in the columns is what was measured in this run: a scenario is one function, and both clients go through it.
"""
