"""What can be wrong with JSON. Apart from the converters, so that catching these errors does not import cattrs."""

from __future__ import annotations


class DecodeError(ValueError):
    """JSON that does not fit; the message names the JSON path of each mismatch."""


class SchemaMismatch(ValueError):  # noqa: N818  # it is a finding, not a failure: most become an unknown member
    """A JSON value that is not what its place asks for."""


class ImpreciseNumberError(ValueError):
    """A float that may have been an integer of more than 64 bits: read the body again, exactly."""
