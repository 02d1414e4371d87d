"""
The commands by name, and how one is run.

Each command is a line of a table with the function that it runs; the function's module is loaded when the command is.
"""

from __future__ import annotations

import gc
import inspect
import signal
import sys
from collections.abc import Sequence
from typing import Any, Final

import attrs
from cyclopts import App, CycloptsError, Group, Parameter

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import EXPECTED, exit_code, explain
from openai_conversations.cli.help import HelpFormatter
from openai_conversations.cli.render.text import clean
from openai_conversations.version import __version__

PROGRAM: Final = "openai-conversations"


@attrs.frozen
class Command:
    """A command: its name, the function that it runs, one line of help, and examples."""

    name: str
    function: str
    help: str
    examples: Sequence[str] = ()


COMMANDS: Final = (
    Command(
        "demo",
        "demo:demo",
        "Drive a whole conversation through the client, step by step; no key needed.",
        ["demo", "OPENAI_API_KEY=… demo --live"],
    ),
    Command(
        "serve",
        "serve:serve",
        "Serve the API on this machine, with rules and named faults.",
        ["serve --port 8765", "serve --database conversations.sqlite --fault commit_then_drop:probability=0.1"],
    ),
    Command(
        "show",
        "show:show",
        "Show a conversation as a chat.",
        ["show conv_123", "show conv_123 --last 20 --follow", "show conv_123 | jq -r .type"],
    ),
    Command("get", "conversations:get", "Show a conversation or an item.", ["get conv_123", "get conv_123 msg_456"]),
    Command(
        "append",
        "append:append",
        "Add items to a conversation.",
        ['append conv_123 "Good morning"', "append conv_123 -f items.json", "append conv_123 -f -"],
    ),
    Command(
        "update",
        "conversations:update",
        "Change the metadata of a conversation.",
        ["update conv_123 user=42 topic=weather", "update conv_123 --unset topic", "update conv_123 --replace user=42"],
    ),
    Command(
        "delete",
        "conversations:delete",
        "Delete an item, or a conversation without its items.",
        ["delete conv_123 msg_456", "delete conv_123 --yes"],
    ),
    Command(
        "find",
        "find:find",
        "List conversations of a registry.",
        ["find --owner 42", "find --idle 90d --ids > ids.txt", "find --pending"],
    ),
    Command(
        "fork",
        "fork:fork",
        "Copy a conversation, or its beginning, into a new one.",
        ["fork conv_123", "fork conv_123 --until msg_456 --dry-run"],
    ),
    Command(
        "export",
        "archive:export",
        "Write conversations to files.",
        [
            "export conv_123 > conv_123.jsonl",
            "export conv_123 --format html --to conv_123.html",
            "export --ids-file ids.txt --to archive/",
        ],
    ),
    Command(
        "import",
        "archive:import_",
        "Make conversations of files.",
        ["import conv_123.jsonl", "import thread.json --dry-run", "import archive/*.jsonl --ledger import.sqlite"],
    ),
    Command(
        "check",
        "check:check",
        "Find tool calls without output and the like.",
        ["check conv_123", "check --ids-file ids.txt --json"],
    ),
    Command(
        "repair",
        "check:repair",
        "Mend what check finds.",
        ["repair conv_123", "repair conv_123 --apply", "repair conv_123 --strategy delete_tail --apply --yes"],
    ),
    Command(
        "erase",
        "erase:erase",
        "Delete conversations with all their items, for real, with receipts.",
        [
            "erase conv_123",
            "erase --ids-file ids.txt --receipts receipts.jsonl",
            "erase --ids-file ids.txt --rate delete=50,get=100 --yes",
        ],
    ),
    Command(
        "completion",
        "completion:completion",
        "Print the script that lets a shell complete commands and options.",
        ["completion bash > ~/.local/share/bash-completion/completions/openai-conversations"],
    ),
)


def make_app() -> App:
    """The command line as cyclopts sees it."""
    app = App(
        name=PROGRAM,
        help="Conversations of the OpenAI API: look at them, change them, move them, erase them.",
        version=__version__,
        help_format="plaintext",
        help_formatter=HelpFormatter(),
        default_parameter=Parameter(negative=""),
        group_parameters=Group("Options", sort_key=0),
        help_epilogue="COMMAND --help shows the options of a command, and examples.",
    )
    for place, command in enumerate(COMMANDS):
        epilogue = "\n".join(["Examples:", *(f"  {_example(line)}" for line in command.examples)])
        app.command(
            f"openai_conversations.cli.commands.{command.function}",
            name=command.name,
            help=command.help,
            help_epilogue=epilogue,
            sort_key=place,
        )
    return app


def _example(line: str) -> str:
    """The line with the program's name before the command; variables may stand before it."""
    words = line.split(" ")
    first = next(index for index, word in enumerate(words) if "=" not in word)
    return " ".join([*words[:first], PROGRAM, *words[first:]])


def run(arguments: Sequence[str]) -> int:
    """
    Run a command.

    Returns:
        Its exit code. Failures that are no fault of this program have been said in one line on standard error.
    """
    termination = _Termination()
    signal.signal(signal.SIGTERM, termination)
    try:
        command, bound, _ = make_app().parse_args(list(arguments), exit_on_error=False, print_error=False)
        gc.enable()
        result = _awaited(command(*bound.args, **bound.kwargs))
        sys.stdout.flush()
        return int(result or Exit.OK)
    except CycloptsError as error:
        return _fail(str(error), Exit.USAGE)
    except KeyboardInterrupt:
        return _fail(*termination.verdict)
    except BrokenPipeError:
        return _closed_pipe()
    except EXPECTED as error:
        return _fail(explain(error), exit_code(error))


def _awaited(result: Any) -> Any:
    if not inspect.iscoroutine(result):
        return result
    import asyncio

    return asyncio.run(result)


def _fail(line: str, code: Exit) -> Exit:
    sys.stderr.write(f"error: {clean(' '.join(line.split()))}\n")
    return code


class _Termination:
    """
    SIGTERM is cleaned up after like Ctrl-C, but told apart from it.

    A shell without job control starts what runs in the background with SIGINT ignored; then nothing would come of it.
    """

    def __init__(self) -> None:
        self.verdict = ("interrupted", Exit.INTERRUPTED)

    def __call__(self, *_: object) -> None:
        self.verdict = ("terminated", Exit.TERMINATED)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)


def _closed_pipe() -> Exit:
    """The reader of standard output went away, as ``head`` does: what it wanted it has."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK
