"""What the commands that work on many conversations share: their options, and how a run with them goes."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import attrs
from cyclopts import Group, Parameter

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError, StoppedError
from openai_conversations.cli.flags import a_positive_count, a_rate, seconds
from openai_conversations.cli.render.bulk import progress_bar, show_summary
from openai_conversations.cli.render.output import note

if TYPE_CHECKING:
    from openai_conversations.bulk.ids import Ids
    from openai_conversations.bulk.ledger import Ledger
    from openai_conversations.bulk.runner import BulkJob
    from openai_conversations.cli.connection import Connection
    from openai_conversations.client import ConversationsClient
    from openai_conversations.middlewares.rate_limit import RateLimiter

_GROUP: Final = Group("Many conversations", sort_key=2)


@Parameter(name="*", group=_GROUP)
@attrs.frozen(kw_only=True)
class BulkArguments:
    """
    How a run over many conversations goes.

    Attributes:
        ids_file: A file of ids, one a line, bare or as JSON objects with "id"; - is standard input.
        ledger: A file that remembers what is done: running again goes on where a run stopped.
        rate: The most requests per second: 50, or delete=50,get=100,post=20.
        concurrency: Conversations at a time.
        patience: Seconds to wait for a service that is away.
    """

    ids_file: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    ledger: Path | None = None
    rate: Annotated[str | None, Parameter(validator=a_rate)] = None
    concurrency: Annotated[int, Parameter(validator=a_positive_count)] = 16
    patience: Annotated[float, Parameter(validator=seconds)] = 60.0

    def ids(self, named: Sequence[str], missing: str = "no conversations: give their ids, or --ids-file") -> Ids:
        """
        The ids that were named and those of the file, which is read once before anything is done.

        Args:
            named: The ids.
            missing: What to say when there are none.

        Raises:
            CommandError: There are none, or there is no such file.
            IdsFileError: A line of the file holds none.
        """
        if not named and self.ids_file is None:
            raise CommandError(missing, Exit.USAGE)
        if self.ids_file not in (None, "-") and not Path(str(self.ids_file)).is_file():
            raise CommandError(f"{self.ids_file}: no such file", Exit.BAD_INPUT)
        self._check_file()
        return self._all(named)

    def _check_file(self) -> None:
        from openai_conversations.bulk.ids import ids_of_file

        if self.ids_file not in (None, "-"):
            count = sum(1 for _ in ids_of_file(str(self.ids_file)))
            if not count:
                note(f"{self.ids_file} holds no ids")

    def _all(self, named: Sequence[str]) -> Iterator[str]:
        from openai_conversations.bulk.ids import ids_of_file, ids_of_lines

        yield from named
        if self.ids_file == "-":
            yield from ids_of_lines(sys.stdin.buffer, "standard input")
        elif self.ids_file is not None:
            yield from ids_of_file(self.ids_file)

    @property
    def is_one(self) -> bool:
        """Whether nothing asks for a ledger."""
        return self.ids_file is None and self.ledger is None

    @property
    def keeps_ledger(self) -> bool:
        """Whether a later run can go on where this one stops."""
        return self.ledger is not None or self.ids_file not in (None, "-")

    @contextmanager
    def ledger_file(self, operation: str) -> Generator[Path]:
        """The ledger that was asked for, else one beside the file of ids, else one that is forgotten."""
        named = self.named_ledger(operation)
        if named is not None:
            yield named
            return
        import tempfile

        with tempfile.TemporaryDirectory(prefix="openai-conversations-") as directory:
            yield Path(directory) / "ledger.sqlite"

    def named_ledger(self, operation: str) -> Path | None:
        """The ledger that outlasts the run."""
        if self.ledger is not None:
            return self.ledger
        return None if self.ids_file in (None, "-") else Path(f"{self.ids_file}.{operation}.sqlite")

    def rate_limiter(self) -> RateLimiter:
        """
        What holds the rate.

        Raises:
            InvalidArgumentError: It is no rate.
        """
        from openai_conversations.middlewares.rate_limit import Limits, RateLimiter

        return RateLimiter(None if self.rate is None else Limits.parse(self.rate), on_wait=_tell_wait)

    def client(self, connection: Connection, limiter: RateLimiter) -> ConversationsClient:
        """A client whose requests keep the rate."""
        from openai_conversations.transport.policy import RetryPolicy

        return connection.client(middlewares=[limiter], retry=RetryPolicy(on_attempt=limiter.on_attempt))

    async def run(
        self,
        operation: str,
        job: BulkJob,
        ids: Ids,
        limiter: RateLimiter,
        *,
        json: bool,
        on_receipts: Callable[[Ledger], Awaitable[object]] | None = None,
        ledger: Path | None = None,
        missing_ok: bool = False,
    ) -> Exit:
        """
        Do something with every conversation, and tell what came of it.

        Args:
            operation: What is done, as the command is called.
            job: Does it with one conversation.
            ids: The conversations.
            limiter: Counts the requests.
            json: Whether the summary is wanted as JSON.
            on_receipts: Takes the receipts out of the ledger at the end, however that comes.
            ledger: Instead of the usual one.
            missing_ok: Whether conversations that are not there are as good as done.

        Raises:
            StoppedError: Somebody stopped the run.
        """
        import asyncio

        from openai_conversations.bulk.runner import BulkOptions, run_bulk

        options = BulkOptions(concurrency=self.concurrency, patience=self.patience, missing_ok=missing_ok)
        with self._ledger(operation, ledger) as file, progress_bar(operation) as bar:
            try:
                summary = await run_bulk(
                    operation,
                    job,
                    ids,
                    ledger=file,
                    options=attrs.evolve(options, on_progress=bar),
                    requests=limiter.requests,
                    on_receipts=on_receipts,
                )
            except asyncio.CancelledError:
                raise StoppedError(str(file) if self.keeps_ledger else None) from None
        return show_summary(summary, json=json, missing_ok=missing_ok)

    def _ledger(self, operation: str, given: Path | None) -> AbstractContextManager[Path]:
        return self.ledger_file(operation) if given is None else nullcontext(given)


def _tell_wait(seconds: float) -> None:
    note(f"waiting {seconds:.0f} s: the server allows no more until then")


DEFAULT_BULK: Final = BulkArguments()
