"""Write the table of traps, or compare it."""

from __future__ import annotations

import argparse
import logging
import sys

from benchmarks import traps
from benchmarks.traps.measure import measure
from benchmarks.traps.page import PAGE, misfits, render


def main() -> None:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=traps.__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the page instead of writing it")
    parser.add_argument("--calm", action="store_true", help="leave out the rows that keep the machine busy")
    options = parser.parse_args()
    logging.getLogger("openai_conversations").addHandler(logging.NullHandler())  # failures are what is measured
    rows = measure(heavy=not options.calm)
    if not options.check:
        PAGE.write_text(render(rows), encoding="utf-8")
        print(render(rows))
    elif wrong := misfits(PAGE.read_text(encoding="utf-8"), rows):
        sys.exit("\n".join([f"{PAGE.name} is not what is measured now:", *wrong]))


if __name__ == "__main__":
    main()
