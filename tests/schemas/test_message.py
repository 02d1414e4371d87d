"""The conveniences of a message."""

from __future__ import annotations

import pytest

from openai_conversations.schemas.content import InputImage, InputText, OutputText, Refusal, SummaryText, Text
from openai_conversations.schemas.items import Message
from openai_conversations.schemas.unknown import UnknownContent


def test_text_joins_the_text_parts() -> None:
    """``text`` joins input, output and plain text; refusals, summaries, images and unknown parts add nothing."""
    message = Message(
        role="assistant",
        content=[
            InputText(text="a"),
            Refusal(refusal="no"),
            OutputText(text="b"),
            SummaryText(text="no"),
            InputImage(image_url="https://example.org/no.png"),
            UnknownContent(data={"type": "new", "text": "no"}),
            Text(text="c"),
        ],
    )

    assert message.text == "abc"


def test_text_of_a_plain_string() -> None:
    """A plain string is its own text."""
    assert Message(role="user", content="Hi").text == "Hi"


def test_text_of_an_empty_message() -> None:
    """No parts, no text."""
    assert Message(role="user", content=[]).text == ""


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("user", InputText(text="Hi")),
        ("system", InputText(text="Hi")),
        ("developer", InputText(text="Hi")),
        ("assistant", OutputText(text="Hi", annotations=[])),
        ("a new role", InputText(text="Hi")),
    ],
)
def test_parts_of_a_plain_string(role: str, part: InputText | OutputText) -> None:
    """A plain string counts as one part: output when the assistant says it, input otherwise."""
    assert [part] == Message(role=role, content="Hi").parts


def test_parts_are_the_content() -> None:
    """A list is served as it is, so that changing ``parts`` changes the message."""
    message = Message(role="user", content=[InputText(text="Hi")])

    message.parts.append(InputText(text="!"))

    assert message.text == "Hi!"


def test_lists_are_not_shared() -> None:
    """Each part has its own list of annotations."""
    assert OutputText(text="").annotations is not OutputText(text="").annotations
