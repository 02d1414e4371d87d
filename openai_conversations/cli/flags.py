"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import Parameter

from openai_conversations.checks import COUNT, DURATION, POSITIVE_COUNT, POSITIVE_NUMBER, SECONDS, Wanted
from openai_conversations.errors import InvalidArgumentError

Flag = Annotated[bool, Parameter(show_default=False)]
"""Off unless it is given."""

Yes = Annotated[bool, Parameter(name=["--yes", "-y"], show_default=False, help="Do not ask.")]

Json = Annotated[bool, Parameter(name="--json", show_default=False, help="Print JSON, as in a pipe.")]


Validator = Callable[[Any, Any], None]
"""Asked about the type and the value of an option."""


def _a(wanted: Wanted) -> Validator:
    """What cyclopts asks about the value of an option; its error names the option."""

    def validate(_: Any, value: Any) -> None:
        if value is not None and not wanted.accepts(value):
            raise ValueError(f"Must be {wanted.words}.")

    return validate


seconds: Validator = _a(SECONDS)
a_duration: Validator = _a(DURATION)
a_positive_number: Validator = _a(POSITIVE_NUMBER)
a_count: Validator = _a(COUNT)
a_positive_count: Validator = _a(POSITIVE_COUNT)


def a_rate(_: Any, text: str | None) -> None:
    """Requests per second, as --rate takes them."""
    if text is not None:
        from openai_conversations.middlewares.rate_limit import Limits

        try:
            Limits.parse(text)
        except InvalidArgumentError as error:
            raise ValueError(str(error).removeprefix("rate: ")) from None
