"""
What can go wrong, by name.

A :class:`Fault` says what happens to a request and to which requests. ``commit`` in a name means that the write is
stored before things go wrong; the faults that spoil a response (``truncated_json`` and so on) come after the commit
too.

::

    server.add_fault(faults.commit_then_drop(operation="createConversationItems", count=2))
    server.add_fault(faults.status(503, retry_after=2, probability=0.1, seed=7, count=None))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from openai_conversations.server.faults.fault import Fault
from openai_conversations.server.faults.named import bodies, connections, lists, outcomes, stores, streams

NAMED: Mapping[str, Callable[..., Fault]] = {
    name: getattr(module, name)
    for module in (outcomes, connections, bodies, lists, streams, stores)
    for name in module.__all__
}
"""Every fault by its name."""
