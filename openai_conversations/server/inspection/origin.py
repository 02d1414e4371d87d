"""
From where the control path may be used: from programs, and from pages that this server sent itself.

Every page of the web can make a browser send requests to a server on this machine: a form can post, and a name that
is rebound to 127.0.0.1 can even read (https://owasp.org/www-community/attacks/DNS_Rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from openai_conversations.server.http.errors import HTTPError, check_content_type, shorten


def check_source(headers: Mapping[str, str], *, is_open: bool) -> None:
    """
    Refuse what a page of another origin may have sent.

    Args:
        headers: Of the request, names in lower case.
        is_open: Whether the server is meant to be used from other machines: under an address, or a name without a dot,
            as containers have. Otherwise it is used under a loopback name only.

    Raises:
        HTTPError: The request is not let in.
    """
    host = headers.get("host", "")
    if not _is_trusted(_name(host), is_open=is_open):
        raise HTTPError(403, f"The control path does not answer under the name '{shorten(host)}'.")
    origin = headers.get("origin", f"http://{host}")
    site = headers.get("sec-fetch-site", "none")  # https://w3c.github.io/webappsec-fetch-metadata/
    if origin.lower() != f"http://{host}".lower() or site not in {"none", "same-origin"}:
        raise HTTPError(403, f"The control path does not answer pages of '{shorten(origin)}'.")


def check_body(headers: Mapping[str, str], *, has_body: bool) -> None:
    """
    Refuse a body that a form can send.

    Args:
        headers: Of the request.
        has_body: Whether there is a body: it must say that it is JSON, which no form does.

    Raises:
        HTTPError: It does not.
    """
    content_type = headers.get("content-type", "")
    if has_body or content_type.partition(";")[0].strip().lower() in _OF_FORMS:
        check_content_type(content_type)


def check_form(headers: Mapping[str, str]) -> None:
    """
    Refuse a form that does not say that it stands on a page of this server.

    Browsers name the origin of every form that posts; :func:`check_source` lets no other pass.

    Raises:
        HTTPError: It does not say so, or is no form.
    """
    if "origin" not in headers and headers.get("sec-fetch-site") != "same-origin":
        raise HTTPError(403, "A form is taken from the page of this server only.")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise HTTPError(400, f"A form is sent as '{FORM}', not as '{shorten(kind)}'.")


FORM = "application/x-www-form-urlencoded"

# https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#attr-fs-enctype
_OF_FORMS = frozenset({FORM, "multipart/form-data", "text/plain"})


def _name(host: str) -> str:
    """The name or the address in a ``host`` header, without the port."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_trusted(name: str, *, is_open: bool) -> bool:
    name = name.lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3: never another machine
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return is_open and name != "" and "." not in name
    return is_open or address.is_loopback
