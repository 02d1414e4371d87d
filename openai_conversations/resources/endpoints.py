"""``client.get()``, ``client.post()`` and so on: endpoints that this package has no methods for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar, overload

from openai_conversations.api.arguments import CallOptions
from openai_conversations.api.caller import codec
from openai_conversations.api.keywords import refuse_other_keywords
from openai_conversations.checks import MAPPING, TEXT, shown
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.jsontypes import is_omitted
from openai_conversations.schemas.base import Schema
from openai_conversations.transport.message import HTTPResponse

if TYPE_CHECKING:
    from openai_conversations.api.caller import Caller
    from openai_conversations.settings import Timeout

T = TypeVar("T")


class RequestOptions(TypedDict, total=False):
    """
    ``options=`` of :meth:`Endpoints.get` and its like, with the official client's names.

    Attributes:
        headers: Headers of this call; they win over the client's.
        params: Query values.
        timeout: Seconds for the whole call, a :class:`Timeout`, or ``None`` for no bound.
        max_retries: How often it is tried again.
        extra_json: Members that are added to the JSON body.
        idempotency_key: Sent as ``Idempotency-Key``. It changes nothing about what is sent again.
    """

    headers: Mapping[str, str]
    params: Mapping[str, object]
    timeout: float | Timeout | None
    max_retries: int
    extra_json: Mapping[str, object]
    idempotency_key: str


class Endpoints:
    """
    Any endpoint of the server, through the whole chain: middlewares, retries, errors, one deadline.

    GET, DELETE and PUT are sent again after any transient failure. POST and PATCH never are when the server may have
    carried them out: then they raise :class:`AmbiguousWriteError`.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        _caller: Caller

    @overload
    async def get(self, path: str, *, cast_to: type[T], options: RequestOptions | None = None) -> T: ...
    @overload
    async def get(self, path: str, *, cast_to: Any, options: RequestOptions | None = None) -> Any: ...
    async def get(self, path: str, *, cast_to: Any, options: RequestOptions | None = None) -> Any:
        """
        GET.

        Args:
            path: Below ``base_url``, with ids percent-encoded where they need it.
            cast_to: What the response becomes: a class of ours, a model of pydantic's or of the official client,
                ``object`` or ``dict`` for its JSON, ``str`` or ``bytes`` for its body, ``HTTPResponse`` for itself.
            options: See :class:`RequestOptions`.

        Raises:
            InvalidArgumentError: The path leads elsewhere, or *cast_to* is none of these.
            APIResponseValidationError: The response does not fit *cast_to*.
        """
        return await self._send("GET", path, cast_to, None, options)

    @overload
    async def post(
        self, path: str, *, cast_to: type[T], body: object = None, options: RequestOptions | None = None
    ) -> T: ...
    @overload
    async def post(
        self, path: str, *, cast_to: Any, body: object = None, options: RequestOptions | None = None
    ) -> Any: ...
    async def post(self, path: str, *, cast_to: Any, body: object = None, options: RequestOptions | None = None) -> Any:
        """
        POST; never sent again when the server may have carried it out.

        Args:
            path: See :meth:`get`.
            cast_to: See :meth:`get`.
            body: JSON, with objects of ours or models of pydantic's anywhere in it; ``None`` for none.
            options: See :class:`RequestOptions`.

        Raises:
            AmbiguousWriteError: Whether it was carried out is unknown.
            InvalidArgumentError: As for :meth:`get`.
            APIResponseValidationError: As for :meth:`get`.
        """
        return await self._send("POST", path, cast_to, body, options)

    async def put(self, path: str, *, cast_to: Any, body: object = None, options: RequestOptions | None = None) -> Any:
        """PUT, as :meth:`post`; sent again as HTTP allows it: doing it twice does what doing it once does."""
        return await self._send("PUT", path, cast_to, body, options)

    async def patch(
        self, path: str, *, cast_to: Any, body: object = None, options: RequestOptions | None = None
    ) -> Any:
        """PATCH, as :meth:`post`."""
        return await self._send("PATCH", path, cast_to, body, options)

    async def delete(
        self, path: str, *, cast_to: Any, body: object = None, options: RequestOptions | None = None
    ) -> Any:
        """DELETE, as :meth:`get`; a body is allowed."""
        return await self._send("DELETE", path, cast_to, body, options)

    async def _send(self, method: str, path: str, cast_to: Any, body: object, options: RequestOptions | None) -> Any:
        from openai_conversations.api.any_request import any_request  # loaded by who asks

        read = _reader(cast_to)
        MAPPING.or_none().check("options", options)
        given: RequestOptions = options or {}
        refuse_other_keywords(given, RequestOptions)
        request = any_request(
            self._caller,
            method,
            path,
            body=None if is_omitted(body) else body,
            max_retries=given.get("max_retries"),
            options=_call_options(given),
        )
        return read(await self._caller.send(request))


def _call_options(given: RequestOptions) -> CallOptions:
    for name in ("headers", "params", "extra_json"):
        MAPPING.or_none().check(f"options: {name}", given.get(name))
    TEXT.or_none().check("options: idempotency_key", given.get("idempotency_key"))
    headers = dict(given.get("headers") or {})
    if key := given.get("idempotency_key"):
        headers["Idempotency-Key"] = key
    options: CallOptions = {
        "extra_headers": headers,
        "extra_query": given.get("params"),
        "extra_body": given.get("extra_json"),
    }
    if "timeout" in given:
        options["timeout"] = given["timeout"]
    return options


def _reader(cast_to: Any) -> Callable[[HTTPResponse], Any]:
    """What makes of a response what was asked for; known before anything is sent."""
    if isinstance(cast_to, Hashable) and cast_to in _READERS:
        return _READERS[cast_to]
    if getattr(cast_to, "__origin__", None) in (dict, list):
        return _json_of
    if isinstance(cast_to, type) and issubclass(cast_to, Schema):
        return partial(_decoded, kind=cast_to)
    if isinstance(cast_to, type) and callable(getattr(cast_to, "model_validate", None)):
        return partial(_validated, model=cast_to)
    raise InvalidArgumentError(
        f"cast_to must be a class of openai_conversations, a pydantic model, object, dict, list, str, bytes, None or "
        f"HTTPResponse, not {shown(cast_to)}"
    )


def _decoded(response: HTTPResponse, kind: Any) -> Any:
    return codec().decode_response(response, kind)


def _validated(response: HTTPResponse, model: Any) -> Any:
    value = codec().exact_value_of(response)
    try:
        return model.model_validate(value)
    except ValueError as error:  # of pydantic
        raise codec().unlike(response, model, str(error)) from None


def _json_of(response: HTTPResponse) -> Any:
    return codec().exact_value_of(response)


def _itself(response: HTTPResponse) -> HTTPResponse:
    return response


def _nothing(_: HTTPResponse) -> None:
    return None


def _text_of(response: HTTPResponse) -> str:
    return response.text


def _bytes_of(response: HTTPResponse) -> bytes:
    return response.content


_READERS: Final[dict[Any, Callable[[HTTPResponse], Any]]] = {
    HTTPResponse: _itself,
    None: _nothing,
    type(None): _nothing,
    str: _text_of,
    bytes: _bytes_of,
    object: _json_of,
    Any: _json_of,
    dict: _json_of,
    list: _json_of,
}
