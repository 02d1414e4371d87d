"""What was heard of the turns of a service, and the script that is made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http.masking import MASK, mask_body
from openai_conversations.server.model.recorded_turn import ENDS, as_events, condense, read_events
from openai_conversations.server.rules.schema_dsl import is_array, is_object

Event = dict[str, Any]

_KEYS = re.compile(rb"\b(sk|sess|ek)-[A-Za-z0-9_-]{16,}")
"""What looks like a key wherever it stands."""


@attrs.define(kw_only=True)
class HeardTurn:
    """A turn, as far as it was heard; events by number, because a stream may be read on elsewhere."""

    secrets: Mapping[str, str] = attrs.field(repr=False)
    id: str = ""
    events: dict[int, Event] = attrs.field(factory=dict[int, Event])

    def hear(self, body: bytes, content_type: str) -> None:
        """Take in a response: a stream, or the JSON of a response."""
        if content_type.startswith("text/event-stream"):
            heard = read_events(body)
        else:
            value = _json(body)
            heard = as_events(value) if is_object(value) else []
            self.id = self.id or (str(value.get("id") or "") if is_object(value) else "")
        for event in heard:
            number = event.get("sequence_number")
            self.events[number if isinstance(number, int) else len(self.events)] = event
            response = event.get("response")
            self.id = self.id or (str(response.get("id") or "") if is_object(response) else "")

    @property
    def is_whole(self) -> bool:
        """Whether its end was heard."""
        return any(event["type"] in ENDS for event in self.events.values())

    def script(self) -> Event:
        """The turn for :func:`.load_script`, without secrets."""
        in_order = [self.events[number] for number in sorted(self.events)]
        end = next(n for n, event in enumerate(in_order) if event["type"] in ENDS)
        masked = _KEYS.sub(MASK.encode(), mask_body(json.dumps(condense(in_order[: end + 1])), self.secrets))
        return {"recorded": _without_encrypted(json.loads_exact(masked))}


def _json(body: bytes) -> Any:
    try:
        return json.loads_exact(body)
    except ValueError:
        return None


def _without_encrypted(value: Any) -> Any:
    """What a service has encrypted for its customer is nothing for a file of tests."""
    if is_array(value):
        return [_without_encrypted(member) for member in value]
    if not is_object(value):
        return value
    return {
        name: MASK if name == "encrypted_content" and member else _without_encrypted(member)
        for name, member in value.items()
    }


class TurnRecorder:
    """
    Makes a script of the turns of a service: give it each response as it came, in the order of the requests.

    ::

        recorder = TurnRecorder()
        recorder.begin(headers={"authorization": f"Bearer {key}"}).hear(body, "text/event-stream")
        Path("turns.json").write_bytes(recorder.to_json())

    Keys, tokens, cookies, headers of tools and encrypted reasoning are replaced by ``***``, and so is what the headers
    of the request hold, wherever it stands. Texts stay as they are: read them before you share the file.
    """

    def __init__(self) -> None:
        self._turns: list[HeardTurn] = []

    def begin(self, *, headers: Mapping[str, str]) -> HeardTurn:
        """A turn that is asked for now; the headers of its request, with names in lower case, say what is secret."""
        turn = HeardTurn(secrets=headers)
        self._turns.append(turn)
        return turn

    def find(self, response_id: str) -> HeardTurn | None:
        """The turn of a response."""
        return next((turn for turn in self._turns if turn.id == response_id), None)

    @property
    def script(self) -> Sequence[Event]:
        """Every turn whose end was heard, for :func:`.load_script`."""
        return [turn.script() for turn in self._turns if turn.is_whole]

    @property
    def unfinished(self) -> int:
        """How many turns were begun and not heard to their end; they are not in the script."""
        return sum(1 for turn in self._turns if not turn.is_whole)

    def to_json(self) -> bytes:
        """The script, one turn a line."""
        return b"[\n%b\n]\n" % b",\n".join(map(json.dumps, self.script))
