"""What every call stands on: where requests go, and what encodes and decodes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import attrs

from openai_conversations.transport.message import Handler
from openai_conversations.transport.runtime import Runtime

if TYPE_CHECKING:
    from openai_conversations.api.arguments import CallOptions
    from openai_conversations.converters.codec import Codec
    from openai_conversations.settings import Settings

NO_OPTIONS: Final[CallOptions] = {}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Caller:
    """
    What makes the calls of one view of a client.

    Attributes:
        settings: What the view goes by.
        send: The chain of middlewares, ending at the socket.
        runtime: Clock, sleep and randomness.
        stream: Whether bodies are left unread.
        options: What every call of an operation takes; a call of its own gets its own.
    """

    settings: Settings
    send: Handler
    runtime: Runtime = attrs.field(factory=Runtime)
    stream: bool = False
    options: CallOptions = attrs.field(default=NO_OPTIONS, repr=False)

    def with_options(self, options: CallOptions) -> Caller:
        """A caller with these options for every call."""
        return attrs.evolve(self, options=options)

    def streaming(self, *, stream: bool) -> Caller:
        """A caller that leaves bodies unread, or does not."""
        return self if stream == self.stream else attrs.evolve(self, stream=stream)


@lru_cache(maxsize=1)
def codec() -> Codec:
    """What encodes and decodes; cattrs is imported when the first call asks for it: 10 % of the import."""
    from openai_conversations.converters.codec import codec

    return codec()
