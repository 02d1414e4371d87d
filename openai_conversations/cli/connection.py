"""The client that a command talks through: where to, with which key, for how long."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import attrs
from cyclopts import Group, Parameter

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.flags import a_count, a_duration

if TYPE_CHECKING:
    from openai_conversations.client import ConversationsClient

NO_KEY: Final = "no API key: set OPENAI_API_KEY, or give a file with --api-key-file"


@Parameter(name="*", group=Group("Connection", sort_key=1))
@attrs.frozen(kw_only=True)
class Connection:
    """
    What every command that talks to the service takes. There is no option for the key itself: others could see it.

    Attributes:
        api_key_file: A file that holds the key; else OPENAI_API_KEY.
        base_url: Where the service is; else OPENAI_BASE_URL.
        profile: How the service differs from OpenAI's: openai, azure or generic; else told by the base URL.
        timeout: Seconds for each call, retries and waiting included.
        max_retries: How often a call is tried again.
    """

    api_key_file: Path | None = None
    base_url: str | None = None
    profile: str | None = None
    timeout: Annotated[float, Parameter(validator=a_duration)] = 60.0
    max_retries: Annotated[int, Parameter(validator=a_count)] = 2

    def client(self, **keywords: Any) -> ConversationsClient:
        """
        A client.

        Raises:
            CommandError: There is no key, or its file cannot be used.
            ConfigurationError: A setting cannot be used.
        """
        from openai_conversations.client import ConversationsClient

        key = None if self.api_key_file is None else read_key(self.api_key_file)
        if key is None and self.profile != "generic":
            require_key()
        return ConversationsClient(
            api_key=key,
            base_url=self.base_url,
            profile=self.profile,
            timeout=self.timeout,
            max_retries=self.max_retries,
            **keywords,
        )


def has_key(connection: Connection) -> bool:
    """Whether there is a service to talk to: a key, or a server that needs none."""
    return (
        connection.api_key_file is not None or connection.profile == "generic" or bool(os.environ.get("OPENAI_API_KEY"))
    )


def require_key() -> None:
    """Fail in words that fit a command line when the environment holds no key."""
    if not os.environ.get("OPENAI_API_KEY"):
        raise CommandError(NO_KEY, Exit.CONFIGURATION)


def read_key(path: Path, exit: Exit = Exit.CONFIGURATION) -> str:
    """
    The key in a file, without white space and byte order mark around it.

    Args:
        path: The file.
        exit: The exit code when it cannot be used.

    Raises:
        CommandError: The file cannot be read, or holds nothing.
    """
    from openai_conversations.text_encoding import as_text

    try:
        key = as_text(path.read_bytes()).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise CommandError(f"the key cannot be read from {path}: {reason}", exit) from error
    if not key:
        raise CommandError(f"{path} has no key", exit)
    return key
