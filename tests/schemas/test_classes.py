"""What holds for every schema class."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.items.message import Message
from openai_conversations.schemas.items.reasoning import Reasoning
from openai_conversations.schemas.responses.configuration import ToolChoiceTypes
from openai_conversations.schemas.responses.events import ResponseTextDeltaEvent
from openai_conversations.schemas.unknown import Unknown
from tests.schemas.families import SECRET, classes, fields, hints, members, sample, tags

every_class = pytest.mark.parametrize("cls", [pytest.param(cls, id=cls.__name__) for cls in classes()])


def test_names_are_unique() -> None:
    """No two classes have the same name, so that a name in an error or a repr says which one it is."""
    names = [cls.__name__ for cls in classes()]

    assert sorted(set(names)) == sorted(names)


def test_shapes_are_unique() -> None:
    """No two tagged classes have the same tag and the same fields: a shape is written once."""
    shapes = [
        (cls.__name__, tag, {name: hints(cls)[a.name] for name, a in fields(cls).items() if name != "type"})
        for cls in classes()
        for tag in tags(cls)
        if cls is not ToolChoiceTypes  # names a tool, where others describe it
    ]
    doubles = [(one[0], two[0]) for i, one in enumerate(shapes) for two in shapes[i + 1 :] if one[1:] == two[1:]]

    assert [] == doubles


@every_class
def test_hints_resolve(cls: type[Schema]) -> None:
    """Every annotation can be read at run time, as a converter does."""
    assert set(attrs.fields_dict(cls)) <= set(hints(cls))


@every_class
def test_unions_have_an_unknown_member(cls: type[Schema]) -> None:
    """Wherever one of several tagged classes may stand, a class that is newer than this package may stand too."""
    closed = []
    for a in attrs.fields(cls):
        for part in (hints(cls)[a.name], *getattr(hints(cls)[a.name], "__args__", ())):
            # The union of all items is the exception: at run time it is the base class, UnknownItem included.
            found = [m for m in members(part) if isinstance(m, type) and issubclass(m, Schema) and part is not Item]
            if sum(bool(tags(m)) for m in found) > 1 and not any(issubclass(m, Unknown) for m in found):
                closed.append(a.name)

    assert closed == []


@every_class
def test_no_dict(cls: type[Schema]) -> None:
    """An instance has slots only; a ``__dict__`` would double its memory and swallow misspelt names."""
    value = sample(cls)

    assert not hasattr(value, "__dict__")
    with pytest.raises(AttributeError):
        value.no_such_field = 1  # type: ignore[attr-defined]


@every_class
def test_survives_copies(cls: type[Schema]) -> None:
    """Pickling and copying give an equal value of the same class, with every field."""
    value = sample(cls)

    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):  # noqa: S301
        assert type(value) is type(other)
        assert attrs.asdict(value) == attrs.asdict(other)
        assert value == other


@every_class
def test_every_field_counts_in_equality(cls: type[Schema]) -> None:
    """Two values are equal when all their fields are, also the unknown ones."""
    for a in attrs.fields(cls):
        other = copy.copy(sample(cls))
        setattr(other, a.name, "something else")

        assert sample(cls) != other, a.name
    assert sample(cls) == sample(cls)


def test_not_equal_to_other_classes() -> None:
    """Values of different classes are never equal, whatever they hold."""
    assert Message(role="user", content="") != Reasoning()
    assert Message(role="user", content="") != {"type": "message", "role": "user", "content": ""}


def test_unhashable() -> None:
    """Schemas are mutable, so they have no hash."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Reasoning())


@every_class
def test_repr_hides_secrets(cls: type[Schema]) -> None:
    """A repr names the class and shows neither a secret, also deep inside, nor the value of an unknown field."""
    value = sample(cls)
    value.extra = {"key": SECRET}

    assert repr(value).startswith(cls.__name__ + "(")
    assert SECRET not in repr(value)


def test_secret_fields() -> None:
    """These fields are secret, and no others."""
    secret = {
        f"{cls.__name__}.{a.name}" for cls in classes() for a in attrs.fields(cls) if a.metadata.get("secret", False)
    }

    assert {"McpTool.authorization", "McpTool.headers", "DomainSecret.value", "LocalShellAction.env"} == secret


def test_repr_is_short() -> None:
    """A repr leaves out what is not set and cuts what is long."""
    assert (
        repr(Message(id="msg_1", role="user", content="a" * 200, extra={"warnings": SECRET}))
        == f"Message(id='msg_1', role='user', content='{'a' * 79}…, extra=<warnings>)"
    )


def test_left_out_fields_have_odd_defaults() -> None:
    """A default that is not written is one that no server sends: an empty text, a time of 0, an index of -1."""
    defaults = {a.default for cls in classes() for a in attrs.fields(cls) if "left_out" in a.metadata}

    assert {"", 0, -1} == defaults


def test_repr_of_what_was_left_out() -> None:
    """A repr does not show what nobody said."""
    assert repr(ResponseTextDeltaEvent(delta="a")) == "ResponseTextDeltaEvent(delta='a')"


def test_null_is_sent_where_the_wire_wants_it() -> None:
    """These optional fields are null on the wire when they are ``None``: a response always has them."""
    nullable = {f"{cls.__name__}.{a.name}" for cls in classes() for a in attrs.fields(cls) if "nullable" in a.metadata}

    assert {
        "CodeInterpreterCall.code",
        "CodeInterpreterCall.outputs",
        "ComputerScreenshot.detail",
        "ComputerScreenshot.file_id",
        "ComputerScreenshot.image_url",
        "ImageGenerationCall.result",
        "ImageGenerationError.code",
        "ImageGenerationError.param",
        "Response.error",
        "Response.incomplete_details",
        "Response.instructions",
        "Response.metadata",
        "Response.temperature",
        "Response.top_p",
        "ResponseError.code",
        "ResponseErrorEvent.code",
        "ResponseErrorEvent.param",
        "ResponseOutputTextAnnotationAddedEvent.annotation",
        "ShellAction.max_output_length",
        "ShellAction.timeout_ms",
        "ShellCall.environment",
        "ShellCallOutput.max_output_length",
        "ToolSearchCall.call_id",
        "ToolSearchOutput.call_id",
    } == nullable
