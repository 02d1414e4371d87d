"""
The commands by name, and how one is run.

Each command is a line of a table with the function that it runs; the function's module is loaded when the command is.
"""

from __future__ import annotations

import gc
import inspect
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
from cyclopts import App, CycloptsError, Group, Parameter

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import EXPECTED, StoppedError, exit_code, explain
from openai_conversations.cli.render.output import silence
from openai_conversations.cli.render.text import clean, show_what_fits
from openai_conversations.version import __version__

PROGRAM: Final = "openai-conversations"


@attrs.frozen
class Command:
    """A command: its name, the function that it runs, and examples. The function's docstring is its help."""

    name: str
    function: str
    examples: Sequence[str]


COMMANDS: Final = (
    Command("demo", "demo:demo", ["demo", "OPENAI_API_KEY=… demo --live"]),
    Command(
        "serve",
        "serve:serve",
        ["serve --port 8765", "serve --database chats.sqlite", "serve --fault commit_then_drop:probability=0.1"],
    ),
    Command(
        "chat", "chat:chat", ["chat", "chat conv_123 --model gpt-5.5", "chat --instructions 'Be brief' | tee chat.txt"]
    ),
    Command("create", "create:create", ["create", 'create "Good morning" -m user=42', "create -f items.json"]),
    Command(
        "show",
        "show:show",
        ["show conv_123", "show conv_123 --last 20 --follow", "show conv_123 | jq -r .type"],
    ),
    Command("get", "get:get", ["get conv_123", "get conv_123 msg_456"]),
    Command(
        "append",
        "append:append",
        [
            'append conv_123 "Good morning"',
            "append conv_123 -f items.json",
            "append conv_123 -f items.jsonl --resume items.resume",
        ],
    ),
    Command(
        "update",
        "update:update",
        ["update conv_123 user=42 topic=weather", "update conv_123 --unset topic", "update conv_123 --replace user=42"],
    ),
    Command("delete", "delete:delete", ["delete conv_123 msg_456", "delete conv_123 --yes"]),
    Command("find", "find:find", ["find --owner 42", "find --idle 90d --ids > ids.txt", "find --pending"]),
    Command("fork", "fork:fork", ["fork conv_123", "fork conv_123 --until msg_456 --dry-run"]),
    Command(
        "export",
        "export:export",
        [
            "export conv_123 > conv_123.jsonl",
            "export conv_123 --to conv_123.html",
            "export --ids-file ids.txt --to archive/",
        ],
    ),
    Command(
        "import",
        "import_:import_",
        ["import conv_123.jsonl", "import thread.json --dry-run", "import archive/*.jsonl --ledger done.sqlite"],
    ),
    Command("check", "check:check", ["check conv_123", "check --ids-file ids.txt --json"]),
    Command(
        "repair",
        "repair:repair",
        ["repair conv_123", "repair conv_123 --apply", "repair conv_123 --strategy delete_tail --apply"],
    ),
    Command(
        "erase",
        "erase:erase",
        [
            "erase conv_123",
            "erase --ids-file ids.txt --receipts erased.jsonl",
            "erase --ids-file ids.txt --rate delete=50,get=100 --yes",
        ],
    ),
    Command("completion", "completion:completion", ["completion bash > openai-conversations.bash"]),
)


def make_app() -> App:
    """The command line as cyclopts sees it."""
    app = App(
        name=PROGRAM,
        help="Conversations of the OpenAI API: look at them, change them, move them, erase them.",
        version=__version__,
        help_format="plaintext",
        default_parameter=Parameter(negative=""),
        group_parameters=Group("Options", sort_key=0),
        help_epilogue="COMMAND --help shows the options of a command, and examples.",
    )
    for place, command in enumerate(COMMANDS):
        epilogue = "\n".join(["Examples:", *(f"  {_example(line)}" for line in command.examples)])
        app.command(
            f"openai_conversations.cli.commands.{command.function}",
            name=command.name,
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
    try:
        code = _run(arguments)
        for stream in filter(None, (sys.stdout, sys.stderr)):  # a shell may close them: `>&-`
            stream.flush()
    except BrokenPipeError:
        return _closed_pipe()
    return code


def _run(arguments: Sequence[str]) -> int:
    show_what_fits(sys.stdout, sys.stderr)
    termination = _Termination()
    signal.signal(signal.SIGTERM, termination)
    app = make_app()
    try:
        if arguments[:1] in ([], ["--help"], ["-h"]):
            _load_all(app)
        command, bound, _ = app.parse_args(list(arguments), exit_on_error=False, print_error=False)
        gc.enable()
        result = _awaited(command(*bound.args, **bound.kwargs), termination)
        return int(result or Exit.OK)
    except CycloptsError as error:
        return _fail(str(error), Exit.USAGE)
    except StoppedError as error:
        return _fail(_how_to_go_on(termination.said, error.ledger, arguments), termination.code)
    except KeyboardInterrupt:
        return _fail(termination.said, termination.code)
    except BrokenPipeError:
        raise
    except SystemExit as error:  # how rich ends a process whose reader went away
        raise BrokenPipeError from error
    except EXPECTED as error:
        return _fail(explain(error), exit_code(error))


def _how_to_go_on(said: str, ledger: str | None, arguments: Sequence[str]) -> str:
    if ledger is None:
        return said
    return f"{said}; {ledger} holds what is done; to go on: {shlex.join([PROGRAM, *arguments])}"


def _load_all(app: App) -> None:
    """The list of commands shows the first line of each; that takes some hundredths of a second."""
    for command in COMMANDS:
        app[command.name]


def _awaited(result: Any, termination: _Termination) -> Any:
    if not inspect.iscoroutine(result):
        return result
    import asyncio

    async def main() -> Any:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # noqa: S101  # for type checkers
        termination.cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        return await result

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _fail(line: str, code: Exit) -> Exit:
    sys.stderr.write(f"error: {clean(' '.join(line.split()))}\n")
    return code


class _Termination:
    """
    SIGTERM is cleaned up after like Ctrl-C, but told apart from it.

    A shell without job control starts what runs in the background with SIGINT ignored; then nothing would come of it.
    """

    def __init__(self) -> None:
        self.said = "interrupted"
        self.code = Exit.INTERRUPTED
        self.cancel: Callable[[], object] = _interrupt

    def __call__(self, *_: object) -> None:
        self.said, self.code = "terminated", Exit.TERMINATED
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            self.cancel()
        else:
            signal.raise_signal(signal.SIGINT)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _closed_pipe() -> Exit:
    """The reader of standard output or error went away, as ``head`` does: what it wanted it has."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except BrokenPipeError:
            silence(stream)
    return Exit.OK
