"""Exit codes: one number for each thing that a script may want to tell apart."""

from __future__ import annotations

import enum
from typing import Final


class Exit(enum.IntEnum):
    """How a command ended; the meaning of each is in :data:`MEANINGS`, which the documentation shows."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    NOT_FOUND = 4
    NOT_ALLOWED = 5
    BAD_INPUT = 6
    UNAVAILABLE = 7
    UNKNOWN_OUTCOME = 8
    REFUSED = 9
    SOME_FAILED = 10
    PROBLEMS_FOUND = 11
    NOT_CONFIRMED = 12
    NOT_THERE = 13
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final = {
    Exit.OK: "done",
    Exit.FAILED: "something else went wrong",
    Exit.USAGE: "an option or an argument is wrong",
    Exit.CONFIGURATION: "no key, or a setting that cannot be used",
    Exit.NOT_FOUND: "no such conversation or item",
    Exit.NOT_ALLOWED: "the service does not accept the key (401, 403)",
    Exit.BAD_INPUT: "a file cannot be read or written, or does not hold what it should",
    Exit.UNAVAILABLE: "no connection, no response in time, or the service fails (429, 5xx)",
    Exit.UNKNOWN_OUTCOME: "a write may or may not have been carried out",
    Exit.REFUSED: "the service refused the request (400, 409, 422 …)",
    Exit.SOME_FAILED: "a bulk run ended, and some conversations failed; run it again to try those again",
    Exit.PROBLEMS_FOUND: "check found something to repair",
    Exit.NOT_CONFIRMED: "the question was not answered with yes",
    Exit.NOT_THERE: "a conversation to erase is not there; 0 with --missing-ok",
    Exit.INTERRUPTED: "Ctrl-C; a bulk run can be resumed with its ledger",
    Exit.TERMINATED: "SIGTERM; a bulk run can be resumed with its ledger",
}
