"""The command line as real processes: in a pipe, and in a pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from openai_conversations.cli.main import run

PROGRAM = (sys.executable, "-m", "openai_conversations.cli")


def environment(base_url: str | None = None, **variables: str) -> dict[str, str]:
    """What a process sees: where the server is, and nothing of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    kept |= {"COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color", "PYTHONWARNINGS": "error"}
    return kept | ({} if base_url is None else {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "sk-test"}) | variables


@attrs.frozen
class Done:
    """How a process ended."""

    code: int
    out: str
    err: str = ""

    @property
    def values(self) -> list[Any]:
        """Standard output as JSON, one value a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def value(self) -> Any:
        (value,) = self.values
        return value


@attrs.frozen
class Shell:
    """Runs commands against one server, in one folder."""

    base_url: str | None
    folder: Path

    def __call__(self, *arguments: str, input: str = "", code: int = 0, env: Mapping[str, str] | None = None) -> Done:
        """Run a command in a pipe, and expect its exit code; there is never a traceback."""
        process = subprocess.run(
            [*PROGRAM, *arguments],
            input=input.encode(),
            capture_output=True,
            cwd=self.folder,
            env=environment(self.base_url, **(env or {})),
            timeout=60,
            check=False,
        )
        done = Done(process.returncode, process.stdout.decode(), process.stderr.decode())
        assert "Traceback" not in done.err, done.err
        assert code == done.code, done
        return done

    def fails(self, *arguments: str, code: int, input: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run a command that fails, with one line on standard error, which is given."""
        done = self(*arguments, input=input, code=code, env=env)
        (line,) = done.err.splitlines()
        assert "" == done.out
        return line.removeprefix("error: ")

    def in_terminal(self, *arguments: str, keys: str = "", code: int = 0, env: Mapping[str, str] | None = None) -> str:
        """Run a command in a pseudo-terminal of 100 columns; gives what it showed, colours included."""
        with self.started_in_terminal(*arguments, env=env) as (process, screen):
            if keys:
                os.write(screen, keys.encode())
            shown = "".join(read_all(screen))
            assert code == process.wait(30), shown
        assert "Traceback" not in shown, shown
        return shown

    @contextlib.contextmanager
    def started_in_terminal(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        """Start a command in a pseudo-terminal; gives the process and what its screen is read from."""
        screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=self.folder,
            env=environment(self.base_url, **(env or {})),
            start_new_session=True,
        )
        os.close(terminal)
        try:
            yield process, screen
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            os.close(screen)


@attrs.frozen
class Inside:
    """Runs commands in this process."""

    captured: Any
    folder: Path

    def __call__(self, *arguments: str, code: int = 0) -> Done:
        """Run a command, and expect its exit code."""
        ended = run(arguments)
        out, err = self.captured.readouterr()
        assert code == ended, err
        return Done(ended, out.decode(), err.decode())

    def fails(self, *arguments: str, code: int) -> str:
        """Run a command that fails, with one line on standard error, which is given."""
        done = self(*arguments, code=code)
        (line,) = done.err.splitlines()
        assert "" == done.out
        return line.removeprefix("error: ")


@contextlib.contextmanager
def inherited(number: signal.Signals, handler: Any) -> Iterator[None]:
    """Processes that are started meanwhile find a signal ignored, or with its default."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def read_all(screen: int) -> Iterator[str]:
    """What a pseudo-terminal shows, until its process has ended."""
    while True:
        try:
            data = os.read(screen, 65536)
        except OSError:  # Linux says so when the other end is closed
            return
        if not data:
            return
        yield data.decode("utf-8", "replace")


def read_until(screen: int, pattern: str) -> str:
    """What is shown up to a pattern."""
    shown = ""
    for part in read_all(screen):
        shown += part
        if re.search(pattern, shown):
            return shown
    raise AssertionError(f"{pattern!r} was never shown, but {shown!r}")
