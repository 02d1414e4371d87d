"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

Flag = Annotated[bool, Parameter(show_default=False)]
"""Off unless it is given."""

Yes = Annotated[bool, Parameter(name=["--yes", "-y"], show_default=False, help="Do not ask.")]

Json = Annotated[bool, Parameter(name="--json", show_default=False, help="Print JSON, as in a pipe.")]
