"""What the forms of the page send: read, checked, and made into what the server's methods take."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.messages import ServerRequest
from openai_conversations.server.inspection.origin import check_form

Fields = Mapping[str, str]

_MOST_FIELDS = 50


def read_form(request: ServerRequest, token: str) -> Fields:
    """
    The fields of a form that stands on a page of ours.

    Raises:
        HTTPError: It is none, or stands on another.
    """
    check_form(request.headers)
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HTTPError(400, "This is not a form.") from None
    fields = dict(pairs)
    if not hmac.compare_digest(fields.pop("token", "").encode(), token.encode()):
        raise HTTPError(403, "The server was started anew since this page was loaded. Load it again.")
    return fields


def fault_line(fields: Fields) -> str:
    """
    A fault as a line, as ``add_fault`` takes it.

    Raises:
        ValueError: A field would be read as another one.
    """
    for name in ("fault", "operation", "count", "skip"):
        if set(fields.get(name, "")) & set(",=:"):
            raise ValueError(f"{name} cannot be {fields[name]!r}")
    count = "none" if "forever" in fields else fields.get("count", "").strip()
    named = {"operation": fields.get("operation", ""), "count": count, "skip": fields.get("skip", "").strip()}
    pairs = [fields.get("more", "").strip(), *(f"{name}={value}" for name, value in named.items() if value)]
    return f"{fields.get('fault', '')}:{','.join(filter(None, pairs))}"
