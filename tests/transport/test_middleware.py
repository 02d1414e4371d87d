"""How middlewares become one handler."""

from __future__ import annotations

from openai_conversations.transport.middleware import build_chain
from tests.fakes import Script, answer, get_request


def _named(name, log):
    async def middleware(request, handler):
        log.append(f"{name} in")
        response = await handler(request)
        log.append(f"{name} out")
        return response

    return middleware


async def test_the_first_is_the_outermost():
    """A request goes through the middlewares in their order, and its answer back."""
    log = []
    chain = build_chain([_named("a", log), _named("b", log)], Script(answer()))

    await chain(get_request())

    assert ["a in", "b in", "b out", "a out"] == log


async def test_no_middleware():
    """Without a middleware, the chain is its end."""
    end = Script(answer(204))

    assert 204 == (await build_chain([], end)(get_request())).status_code


async def test_a_middleware_may_answer_by_itself():
    """What a middleware answers without asking further never reaches the end."""
    end = Script(answer())

    async def cached(_request, _handler):
        return answer(203)

    assert 203 == (await build_chain([cached], end)(get_request())).status_code
    assert [] == end.requests
