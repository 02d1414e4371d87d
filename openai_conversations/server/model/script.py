"""Which reply the model gives: a list of turns, rules, a function, or what it does by itself."""

from __future__ import annotations

import asyncio
import difflib
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Self

import attrs

from openai_conversations.server.model import reply as replies
from openai_conversations.server.model.chunks import Chunks
from openai_conversations.server.model.default import default_reply
from openai_conversations.server.model.gate import Gate
from openai_conversations.server.model.reply import Reply, as_reply
from openai_conversations.server.model.turn import Turn

Responder = Callable[[Turn], Any]


class NoReplyError(Exception):
    """Nothing in the script fits a turn; the message names what comes nearest."""


@attrs.frozen(kw_only=True)
class Rule:
    """
    When a scripted turn is given; every condition that is there must hold.

    Attributes:
        text: The whole text of the user's last message.
        pattern: A regular expression that is found in it.
        predicate: Has the last word.
        number: The number of the turn, from 1.
    """

    text: str | None = None
    pattern: str | None = None
    predicate: Callable[[Turn], bool] | None = None
    number: int | None = None

    def unmet(self, turn: Turn) -> list[str]:
        """The conditions that do not hold, in words."""
        checks = {
            f"the text is not {self.text!r}": self.text is None or turn.text == self.text,
            f"the text has no {self.pattern!r}": self.pattern is None or re.search(self.pattern, turn.text) is not None,
            f"it is not turn {self.number}": self.number is None or turn.number == self.number,
        }
        unmet = [words for words, holds in checks.items() if not holds]
        if not unmet and self.predicate is not None and not self.predicate(turn):
            return [f"{getattr(self.predicate, '__name__', 'the predicate')} says no"]
        return unmet

    def likeness(self, turn: Turn) -> float:
        """How near the text comes, from 0 to 1."""
        return difflib.SequenceMatcher(None, self.text or self.pattern or "", turn.text).ratio()

    def __str__(self) -> str:
        given = attrs.asdict(self, filter=lambda _, value: value is not None)
        return f"when({', '.join(f'{name}={value!r}' for name, value in given.items())})"


class ScriptedTurn:
    """
    One turn of a script, and the test's hand on it while it happens.

    The methods that are named after parts add to its reply: ``model.reason("Hm.").call("get_weather")`` is one turn.
    """

    def __init__(self, reply: Reply | None = None, rule: Rule | None = None) -> None:
        self.number = 0  # by which the control path names it; 0 for a turn that stands in no script
        self.reply = reply
        self.rule = rule
        self.used = 0
        self.gate: Gate = Gate()
        self._left: Future[None] = Future()

    # what it gives back

    def add(self, value: Any) -> Self:
        """Add a reply, a text or an item."""
        more = as_reply(value)
        self.reply = more if self.reply is None else self.reply + more
        return self

    def say(self, text: str, *, annotations: Iterable[Mapping[str, Any]] = (), chunks: Chunks = "token") -> Self:
        """Add a message; see :func:`.say`."""
        return self.add(replies.say(text, annotations=annotations, chunks=chunks))

    def refuse(self, text: str = "I'm sorry, I cannot help with that.") -> Self:
        """Add a refusal."""
        return self.add(replies.refuse(text))

    def call(self, name: str, arguments: Mapping[str, Any] | str | None = None, *, call_id: str = "") -> Self:
        """Add a call of a function; see :func:`.call`."""
        return self.add(replies.call(name, arguments, call_id=call_id))

    def reason(self, summary: str = "", *, content: str = "", encrypted_content: str | None = None) -> Self:
        """Add reasoning; see :func:`.reason`."""
        return self.add(replies.reason(summary, content=content, encrypted_content=encrypted_content))

    def item(self, value: Mapping[str, Any]) -> Self:
        """Add any item; see :func:`.item`."""
        return self.add(replies.item(value))

    def fail(self, code: str = "server_error", message: str = "The model had an error.") -> Self:
        """End the response as failed."""
        return self.add(replies.fail(code, message))

    def incomplete(self, reason: str = "max_output_tokens") -> Self:
        """End the response as incomplete."""
        return self.add(replies.incomplete(reason))

    # while it happens

    def hold(self) -> Self:
        """Let no delta out from now on; a turn without deltas does not end."""
        self.gate.hold()
        return self

    def release(self, n: int | None = None) -> None:
        """Let ``n`` more deltas out; ``None`` lets the turn run. What stands behind the last delta comes with it."""
        self.gate.release(n)

    @property
    def client_left(self) -> bool:
        """Whether the client hung up before the turn had ended."""
        return self._left.done()

    async def wait_until_client_left(self) -> None:
        """Return when the client has hung up."""
        await asyncio.shield(asyncio.wrap_future(self._left))

    def note_client_left(self) -> None:
        """The server tells that the client has hung up."""
        if not self._left.done():
            self._left.set_result(None)

    def __str__(self) -> str:
        what = " + ".join(_summary(self.reply)) if self.reply else "nothing"
        return f"{self.rule}: {what}" if self.rule else what


def _summary(reply: Reply) -> list[str]:
    parts = [str((part.item or part.events[0])["type"]) for part in reply.parts]
    return parts if reply.end == "completed" else [*parts, reply.end]


class ScriptedModel:
    """
    The model of the embedded server.

    A turn is given the first rule that fits, else the next turn of the list, else what the function says. Without any
    of these the model answers by itself (:func:`.default_reply`); as soon as there is a script, a turn that finds
    nothing in it is refused, and the error names the rule that comes nearest.

    Args:
        script: Turns for :meth:`script`, or a function for :meth:`respond`.
        limit: How many turns are kept in :attr:`seen`; ``None`` for all.
    """

    def __init__(self, script: Iterable[Any] | Responder | None = None, *, limit: int | None = None) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self.tokens_per_second: float | None = None
        self.first_token: float = 0.0
        self._forget()
        if callable(script):
            self.respond(script)
        elif script is not None:
            self.script(script)

    def _forget(self) -> None:
        self._queue: list[ScriptedTurn] = []
        self._rules: list[ScriptedTurn] = []
        self._responder: Responder | None = None
        self._seen: deque[Turn] = deque(maxlen=self._limit)
        self._count = 0
        self._written = 0

    # writing the script

    def say(
        self, text: str, *, annotations: Iterable[Mapping[str, Any]] = (), chunks: Chunks = "token"
    ) -> ScriptedTurn:
        """A turn that says something; see :func:`.say`."""
        return self.turn().say(text, annotations=annotations, chunks=chunks)

    def refuse(self, text: str = "I'm sorry, I cannot help with that.") -> ScriptedTurn:
        """A turn that refuses."""
        return self.turn().refuse(text)

    def call(self, name: str, arguments: Mapping[str, Any] | str | None = None, *, call_id: str = "") -> ScriptedTurn:
        """A turn that calls a function; see :func:`.call`."""
        return self.turn().call(name, arguments, call_id=call_id)

    def reason(self, summary: str = "", *, content: str = "", encrypted_content: str | None = None) -> ScriptedTurn:
        """A turn that begins with reasoning; see :func:`.reason`."""
        return self.turn().reason(summary, content=content, encrypted_content=encrypted_content)

    def item(self, value: Mapping[str, Any]) -> ScriptedTurn:
        """A turn that gives any item back; see :func:`.item`."""
        return self.turn().item(value)

    def fail(self, code: str = "server_error", message: str = "The model had an error.") -> ScriptedTurn:
        """A turn that fails."""
        return self.turn().fail(code, message)

    def incomplete(self, reason: str = "max_output_tokens") -> ScriptedTurn:
        """A turn that ends before it said anything; ``say(…).incomplete()`` says something before."""
        return self.turn().incomplete(reason)

    def turn(self) -> ScriptedTurn:
        """The next turn, still without a reply."""
        return self._write(ScriptedTurn())

    def script(self, turns: Iterable[Any]) -> list[ScriptedTurn]:
        """
        One turn for each reply, text, item, or list of these.

        Raises:
            TypeError: One of them is something else.
        """
        replies = [as_reply(value) for value in turns]
        return [self._write(ScriptedTurn(reply)) for reply in replies]

    def _write(self, turn: ScriptedTurn) -> ScriptedTurn:
        with self._lock:
            self._written += 1
            turn.number = self._written
            (self._queue if turn.rule is None else self._rules).append(turn)
        return turn

    def when(
        self,
        *,
        text: str | None = None,
        pattern: str | None = None,
        predicate: Callable[[Turn], bool] | None = None,
        number: int | None = None,
    ) -> ScriptedTurn:
        """
        A reply for every turn that fits: ``model.when(pattern="weather").call("get_weather")``.

        Args:
            text: The whole text of the user's last message.
            pattern: A regular expression that is found in it.
            predicate: A function of the turn.
            number: The number of the turn, from 1. Without any condition the rule fits always.

        Raises:
            ValueError: The pattern is no regular expression.
        """
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        rule = Rule(text=text, pattern=pattern, predicate=predicate, number=number)
        return self._write(ScriptedTurn(rule=rule))

    def respond(self, function: Responder) -> None:
        """
        Let a function of the :class:`.Turn` say what the reply is: a reply, a text, an item, or a list of these.

        It runs in the server's thread.
        """
        self._responder = function

    def set_speed(self, *, tokens_per_second: float | None = None, first_token: float = 0.0) -> None:
        """
        How fast the model is, on the server's clock.

        Args:
            tokens_per_second: Deltas in a second; ``None`` for all at once.
            first_token: Seconds before the first.

        Raises:
            ValueError: No model is as slow as that.
        """
        if (tokens_per_second is not None and tokens_per_second <= 0) or first_token < 0:
            raise ValueError("a model has more than 0 tokens per second, and its first token comes after 0 or more")
        self.tokens_per_second = tokens_per_second
        self.first_token = first_token

    def clear(self) -> None:
        """Forget the script and what was seen. Turns that are held go on: nobody could let them out any more."""
        forgotten = self.scripted
        with self._lock:
            self._forget()
        for turn in forgotten:
            turn.release()

    # what happened

    @property
    def seen(self) -> list[Turn]:
        """Every turn that the model was asked for, with the whole prompt, oldest first."""
        return list(self._seen)

    @property
    def scripted(self) -> list[ScriptedTurn]:
        """The turns of the list in their order, then the rules, used or not."""
        return [*self._queue, *self._rules]

    def find(self, number: int) -> ScriptedTurn:
        """
        A turn of the list, or a rule, by its number.

        Raises:
            ValueError: The script has none of this number.
        """
        for turn in self.scripted:
            if turn.number == number:
                return turn
        raise ValueError(f"the script has no turn {number}")

    @property
    def responder(self) -> Responder | None:
        """The function that says what the rest of the script does not, or ``None``."""
        return self._responder

    @property
    def unused(self) -> list[ScriptedTurn]:
        """The turns and rules that never were asked for."""
        return [turn for turn in self.scripted if not turn.used]

    def assert_script_used(self) -> None:
        """
        Every turn of the script and every rule was used.

        Raises:
            AssertionError: Some were not; the message names them.
        """
        left = self.unused
        if left:
            raise AssertionError("\n".join(["the script was not used up:", *(f"  {turn}" for turn in left)]))

    # what the server asks

    def next_number(self) -> int:
        """The number of the turn that begins."""
        with self._lock:
            self._count += 1
            return self._count

    def choose(self, turn: Turn) -> ScriptedTurn:
        """
        What this turn is given.

        Raises:
            NoReplyError: The script has nothing for it.
            Exception: What the function of the script raised.
        """
        with self._lock:
            self._seen.append(turn)
            chosen = self._chosen(turn)
        if chosen is None:
            chosen = ScriptedTurn(as_reply(self._ask(turn)))
        if chosen.reply is None:
            raise NoReplyError(f"the scripted turn for turn {turn.number} has no reply: {chosen}")
        return chosen

    def _chosen(self, turn: Turn) -> ScriptedTurn | None:
        chosen = next((rule for rule in self._rules if rule.rule and not rule.rule.unmet(turn)), None)
        chosen = chosen or next((scripted for scripted in self._queue if not scripted.used), None)
        if chosen is not None:
            chosen.used += 1
        return chosen

    def _ask(self, turn: Turn) -> Any:
        if self._responder is not None:
            return self._responder(turn)
        if self._rules or self._queue:
            raise NoReplyError(self._nearest_miss(turn))
        return default_reply(turn)

    def _nearest_miss(self, turn: Turn) -> str:
        what = f"the script has nothing for turn {turn.number} ({turn.text!r})"
        misses = [(len(rule.unmet(turn)), -rule.likeness(turn), rule) for rule in map(_rule_of, self._rules)]
        if not misses:
            return f"{what}: all its {len(self._queue)} turns were given"
        *_, rule = min(misses, key=lambda miss: miss[:2])
        return f"{what}; the nearest is {rule}: {', '.join(rule.unmet(turn))}"


def _rule_of(turn: ScriptedTurn) -> Rule:
    return turn.rule or Rule()
