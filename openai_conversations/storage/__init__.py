"""
SQLite behind the event loop: one engine for the ledger, the registry and the embedded server.

``database`` is what they use; ``schema`` knows whose file it is and of which version; ``transaction`` runs jobs in
groups; ``worker`` is the thread that does it; ``values`` stores text and JSON of any kind.
"""
