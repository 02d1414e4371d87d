"""Azure AI Foundry, against a fake of it: from a pasted endpoint to what its own items become."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openai_conversations import (
    AuthenticationError,
    BadRequestError,
    ConversationsClient,
    NotFoundError,
    ResponseFailedError,
    ResponseIncompleteError,
    UnknownItem,
)
from openai_conversations.server import ConversationsServer
from openai_conversations.server.model import item
from tests.azure_fake import ITEMS, OTHER_TOKEN, TOKEN, TYPES, Foundry, foundry

USER = {"role": "user", "content": "Hi"}


def client_of(project: Foundry, **given: Any) -> ConversationsClient:
    """As somebody makes one who copies the endpoint of the project."""
    return ConversationsClient(**{"base_url": project.project, "profile": "azure", "api_key": TOKEN, **given})


class Credential:
    """Shaped as those of azure-identity."""

    def get_token(self, *scopes: str) -> Any:
        assert ("https://ai.azure.com/.default",) == scopes
        return type("AccessToken", (), {"token": TOKEN, "expires_on": 0})()


def get_bearer_token_provider(credential: Any, *scopes: str) -> Any:
    """Shaped as that of azure-identity."""
    return lambda: credential.get_token(*scopes).token


def get_async_bearer_token_provider(credential: Any, *scopes: str) -> Any:
    """Shaped as that of azure-identity.aio."""

    async def provider() -> str:
        return str(credential.get_token(*scopes).token)

    return provider


@pytest.mark.parametrize(
    "api_key",
    [
        TOKEN,
        "key of the resource",
        get_bearer_token_provider(Credential(), "https://ai.azure.com/.default"),
        get_async_bearer_token_provider(Credential(), "https://ai.azure.com/.default"),
    ],
    ids=["token", "key", "provider", "async provider"],
)
async def test_credentials(api_key: Any) -> None:
    """A key, a token, and what gives tokens, each as it comes from Azure's own libraries."""
    async with foundry() as project, client_of(project, api_key=api_key) as client:
        conversation = await client.conversations.create(items=[USER])
        found = [each async for each in client.conversations.items.list(conversation.id)]

    assert ["message"] == [each.type for each in found]


async def test_a_conversation() -> None:
    """Appending, reading page by page, and finding conversations by the agent that took part."""
    async with foundry() as project, client_of(project) as client:
        ids = [(await client.conversations.create()).id for _ in range(3)]
        await client.conversations.items.append(ids[0], [USER] * 45)
        project.add(ids[1], ITEMS[0])
        items = [each async for each in client.conversations.items.list(ids[0], limit=10, order="asc")]
        every = [each.id async for each in client.conversations.list(limit=2)]
        of_agent = [each.id async for each in client.conversations.list(agent_name="helper")]
        of_version = [each.id async for each in client.conversations.list(agent_id="helper:2")]
        between = await client.conversations.list(order="asc", after=ids[0], before=ids[2])

    assert 45 == len(items)
    assert (ids[::-1], [ids[1]], [], [ids[1]]) == (every, of_agent, of_version, [each.id for each in between.data])


async def test_users() -> None:
    """A view per user sees what is the user's, and nothing else."""
    async with foundry() as project, client_of(project) as client:
        views = {user: client.with_options(user_isolation_key=f"user-{user}") for user in "ab"}
        mine = {user: (await view.conversations.create()).id for user, view in views.items()}
        seen = {user: [each.id async for each in view.conversations.list()] for user, view in views.items()}
        with pytest.raises(NotFoundError):
            await views["a"].conversations.retrieve(mine["b"])

    assert {user: [id] for user, id in mine.items()} == seen


async def test_an_agent() -> None:
    """The endpoint of an agent takes turns; what the response says of Azure's is kept."""
    async with foundry() as project, client_of(project, base_url=f"{project.project}/agents/helper") as client:
        response = await client.responses.create(input="Hi")

    assert ("Hello", "helper") == (response.output_text, response.to_dict()["agent_reference"]["name"])


# What goes wrong


async def test_a_token_for_another_service() -> None:
    """The scope that this endpoint takes stands in the sentence."""
    async with foundry() as project, client_of(project, api_key=lambda: OTHER_TOKEN, max_retries=0) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.conversations.list()

    assert str(caught.value).endswith("its tokens are those of the scope https://ai.azure.com/.default")
    assert ("Unauthorized", "apim-1") == (caught.value.code, caught.value.request_id)
    assert OTHER_TOKEN not in str(caught.value)


async def test_no_key_at_a_gateway() -> None:
    """API Management's own form of an error, and its id of the request."""
    async with foundry() as project, client_of(project, api_key="k", max_retries=0) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.conversations.list()

    assert "401 Unauthorized: Access denied due to missing subscription key." == str(caught.value)
    assert ("apim-1", {"statusCode": 401, "message": "Access denied due to missing subscription key."}) == (
        caught.value.request_id,
        caught.value.body,
    )


FILTERED = {
    "hate": {"filtered": False, "severity": "safe"},
    "jailbreak": {"filtered": True, "detected": True},
    "violence": {"filtered": True, "severity": "medium"},
}
MESSAGE = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."


async def test_a_filtered_prompt() -> None:
    """What the filter took offence at comes first; the whole of it is in the body."""
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": FILTERED}
    body = {
        "error": {"message": MESSAGE, "type": None, "param": "prompt", "code": "content_filter", "innererror": inner}
    }
    async with foundry() as project, client_of(project, base_url=f"{project.project}/agents/helper") as client:
        project.refusals.append((400, body))
        with pytest.raises(BadRequestError) as caught:
            await client.responses.create(input="Hi")

    error = caught.value
    assert f"400 Bad Request: filtered for jailbreak, violence (medium): {MESSAGE}" == str(error)
    assert ("content_filter", "prompt", "req-1") == (error.code, error.param, error.request_id)
    assert inner == error.body["error"]["innererror"]  # type: ignore[index]  # what came


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "the response is incomplete: content_filter, filtered for jailbreak, violence (medium)",
        ),
        (
            {"status": "failed", "error": {"code": "content_filter", "message": "Filtered."}},
            "the response is 'failed': Filtered., filtered for jailbreak, violence (medium)",
        ),
    ],
)
async def test_a_filtered_answer(ended: dict[str, Any], expected: str) -> None:
    """A turn that the filter ended says so, too."""
    filters = [{"blocked": True, "source_type": "completion", "content_filter_results": FILTERED}]
    body = {"id": "caresp_1", "object": "response", "created_at": 1, "model": "gpt", "output": [], **ended}
    async with foundry() as project, client_of(project, base_url=f"{project.project}/agents/helper") as client:
        project.refusals.append((200, {**body, "content_filters": filters}))
        with pytest.raises((ResponseIncompleteError, ResponseFailedError)) as caught:
            await client.conversations.run("conv_1", model="m", input="Hi")

    assert expected == str(caught.value)


# Items that only Azure makes


async def test_its_items_are_kept() -> None:
    """Each is an unknown item, whose JSON is what came."""
    async with foundry() as project, client_of(project) as client:
        conversation = await client.conversations.create()
        project.add(conversation.id, *ITEMS)
        got = await client.conversations.items.list(conversation.id, limit=100, order="asc")
        some = client.conversations.items.list(conversation.id, extra_query={"item_type": "workflow_action"})
        actions = [each async for each in some]

    assert {UnknownItem} == {type(each) for each in got.data}
    assert project.items[conversation.id] == [each.to_dict() for each in got.data]
    assert ["workflow_action"] == [each.type for each in actions]


async def test_a_check_names_what_cannot_be_copied() -> None:
    """Nothing is wrong with the conversation, and the report says what a fork would leave out."""
    async with foundry() as project, client_of(project) as client:
        conversation = await client.conversations.create(items=[USER])
        project.add(conversation.id, *ITEMS)
        report = await client.conversations.check(conversation.id)

    assert report.is_sound
    assert [item["type"] for item in ITEMS] == [found.type for found in report.not_writable]
    reason = "Azure AI Foundry gives azure_ai_search_call items and, by its description, takes none"
    assert reason == report.to_json()["not_writable"][0]["reason"]


async def test_a_fork_leaves_them_out_and_says_so() -> None:
    """What Azure takes is copied, without the fields that only Azure sets; the rest is named."""
    answer = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "Red.", "annotations": []}],
    }
    async with foundry() as project, client_of(project) as client:
        original = await client.conversations.create(items=[USER])
        project.add(original.id, *ITEMS, answer)
        report = await client.conversations.fork(original.id)
        assert report.conversation_id is not None
        copy = project.items[report.conversation_id]

    assert ["user", "assistant"] == [each["role"] for each in copy]
    assert [each["type"] for each in ITEMS] == [found.type for found in report.left_out]
    assert {("lost", "agent_reference"), ("lost", "response_id")} == {
        (found.kind, found.path) for found in report.differences if found.kind != "left_out" and found.path != "status"
    }


async def test_an_import_leaves_them_out_and_says_so() -> None:
    """An export has every item; where it is imported, the report names those that are not in the copy."""
    async with foundry() as project, client_of(project) as client:
        original = await client.conversations.create(items=[USER])
        project.add(original.id, *ITEMS)
        lines = [line async for line in client.conversations.export(original.id)]
        report = await client.conversations.import_(b"".join(lines))

    assert {each["type"] for each in ITEMS} <= {json.loads(line).get("type") for line in lines}
    assert (1, len(ITEMS)) == (report.stored, len(report.left_out))


async def test_the_embedded_server_has_them() -> None:
    """Turns give them and lists show them; each says which response and which agent it is from."""
    agent = {"type": "agent_reference", "name": "helper", "version": "3"}
    async with ConversationsServer(profile="azure") as server:
        base_url = server.base_url
        server.model.script([item({k: v for k, v in each.items() if k != "id"}) for each in ITEMS])
        async with ConversationsClient(base_url=base_url, profile="azure", api_key="k") as client:
            conversation = await client.conversations.create()
            for _ in ITEMS:
                response = await client.responses.create(
                    conversation=conversation.id, input="Hi", extra_body={"agent_reference": agent}
                )
            found = await client.conversations.items.list(conversation.id, limit=100, order="asc")
            typed = client.conversations.items.list(conversation.id, extra_query={"item_type": "structured_outputs"})
            structured = [each async for each in typed]
            with pytest.raises(BadRequestError, match="Supported values are"):
                await client.conversations.items.create(conversation.id, items=[ITEMS[0]])
            with pytest.raises(BadRequestError, match=r"Unknown parameter: 'items\[0\].response_id'"):
                await client.conversations.items.create(conversation.id, items=[{**USER, "response_id": "r"}])

    made = [each.to_dict() for each in found.data if each.type != "message"]
    assert TYPES == {each["type"] for each in made}
    assert {agent["name"]} == {each["agent_reference"]["name"] for each in made}
    assert response.id in {each.to_dict().get("response_id") for each in found.data}
    assert ["structured_outputs"] == [each.type for each in structured]
