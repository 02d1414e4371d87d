"""``serve``: the embedded server in a process of its own."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from openai_conversations.cli.connection import read_key
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.flags import a_positive_count, a_positive_number


async def serve(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(name=["--port", "-p"], validator=Number(gte=0, lte=65535))] = 8765,
    database: Path | None = None,
    profile: str = "openai",
    fault: Annotated[list[str] | None, Parameter(name="--fault")] = None,
    seed: int | None = None,
    keys_file: Path | None = None,
    rate_limit: Annotated[int | None, Parameter(validator=a_positive_count)] = None,
    script: Path | None = None,
    tokens_per_second: Annotated[float | None, Parameter(validator=a_positive_number)] = None,
    control: Annotated[bool | None, Parameter(negative="--no-control")] = None,
    page: Annotated[bool, Parameter(negative="--no-page")] = True,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], show_default=False)] = False,
) -> int:
    """
    Serve the API on this machine, with its rules and named faults.

    It is for tests of clients in any language. Prints the lines that point a client at it. Ctrl-C or SIGTERM stops it.

    Args:
        host: Where to listen; anything but this machine's own address is warned about.
        port: Where to listen; 0 takes a free port.
        database: A file to keep everything in; without, it is forgotten at the end.
        profile: Which kind of server to be: openai, ogx or azure, with traits: openai,after_delete=cascade.
        fault: What goes wrong, as locked:n=3 or commit_then_drop:operation=createConversationItems; may be repeated.
        seed: Makes ids and clock reproducible.
        keys_file: A file with the accepted keys, one a line; each sees only its own conversations.
        rate_limit: Requests per minute before 429.
        script: A file with what the model says, a JSON list of turns; without, it repeats what the user said.
        tokens_per_second: How fast the model is; without, as fast as it can.
        control: Answer the control path also where others can reach it, or nowhere.
        page: Show what happens to a browser, where the control path answers.
        quiet: No line for each request.
    """
    from openai_conversations.server.serve import ScriptFileError, ServeOptions, serve as run

    options = ServeOptions(
        host=host,
        port=port,
        database=None if database is None else str(database),
        profile=profile,
        faults=tuple(fault or ()),
        keys=() if keys_file is None else tuple(read_key(keys_file, Exit.BAD_INPUT).split()),
        seed=seed,
        rate_limit=rate_limit,
        script=None if script is None else str(script),
        tokens_per_second=tokens_per_second,
        control=control,
        page=page,
        access_log=not quiet,
    )
    try:
        await run(options)
    except ScriptFileError as error:
        raise CommandError(str(error), Exit.BAD_INPUT) from error
    except ValueError as error:
        raise CommandError(str(error), Exit.USAGE) from error
    except OSError as error:
        hint = "; --port 0 takes a free one" if error.errno == errno.EADDRINUSE else ""
        raise CommandError(
            f"cannot listen on {host}:{port}: {error.strerror or error}{hint}", Exit.CONFIGURATION
        ) from error
    return Exit.OK
