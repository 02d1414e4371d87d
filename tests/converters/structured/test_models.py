"""Pydantic models as the format of a text."""

from __future__ import annotations

import enum
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

import jsonschema
import pydantic
import pytest
from openai.lib._pydantic import to_strict_json_schema

from openai_conversations import InvalidArgumentError
from openai_conversations.converters.errors import DecodeError
from openai_conversations.converters.structured import read_structured, text_format_of
from tests.converters.structured.samples import every_schema, schema_of


class Size(enum.StrEnum):
    BIG = "big"


class Animal(pydantic.BaseModel):
    """An animal."""

    name: str = pydantic.Field(description="Its name.", max_length=20)
    age: int | None = pydantic.Field(ge=0)
    size: Size
    born: date
    tag: str | None = None


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Zoo(pydantic.BaseModel):
    animals: list[Animal]
    oldest: Animal = pydantic.Field(description="By its age.")
    pet: Cat | Dog
    sizes: dict[str, int] | None = None


class Family(pydantic.BaseModel):
    name: str = pydantic.Field(alias="fullName")
    children: list[Family]
    parent: Family | None


class Nothing(pydantic.BaseModel):
    pass


CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}}


class House(pydantic.BaseModel):
    animals: list[Animal]
    oldest: Animal = pydantic.Field(description="By its age.")
    pet: Cat | Dog
    all_of: Annotated[Animal, pydantic.WithJsonSchema({"allOf": [CLOSED], "title": "T"})]
    more: Annotated[str, pydantic.WithJsonSchema({"allOf": [{"type": "string"}, {"minLength": 1}]})]


@pytest.mark.parametrize("kind", [Animal, Cat, Dog, Family, Nothing, House])
def test_strict_models(kind: Any) -> None:
    """A model's schema is made strict as the official client makes it."""
    made = text_format_of(kind)

    assert to_strict_json_schema(kind) == made["schema"]
    assert (kind.__name__, True) == (made["name"], made["strict"])


class WithDefaults(pydantic.BaseModel):
    age: int = 3
    size: Size = Size.BIG
    pet: Cat | Dog = pydantic.Field(discriminator="kind")


def test_what_the_official_client_leaves() -> None:
    """Defaults and ``oneOf``, which strict mode refuses, are left out or written as ``anyOf``: nothing is lost."""
    properties = schema_of(WithDefaults)["properties"]

    assert {"title": "Age", "type": "integer"} == properties["age"]
    assert {"$ref": "#/$defs/Size"} == properties["size"]
    assert {"title": "Pet", "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]} == properties["pet"]


class Ring(pydantic.BaseModel):
    next: Ring = pydantic.Field(description="The next one.")


def test_descriptions_of_a_model_that_holds_itself() -> None:
    """A reference that is described is written out once, and not without end."""
    schema = schema_of(Ring)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert "The next one." == schema["properties"]["next"]["description"]
    assert {"$ref"} not in [part.keys() - {"description"} for part in every_schema(schema) if "description" in part]


class Open(pydantic.BaseModel, extra="allow"):
    a: int


class Holder(pydantic.BaseModel):
    parts: list[Open]


class Root(pydantic.RootModel[list[int]]):
    pass


class Unspeakable(pydantic.BaseModel):
    call: Callable[[], int]


HAS_ANY_NAMES = "and strict mode has none: use a model, or a list of models with a name and a value"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Zoo, f"Zoo has an object of any names at $.sizes, {HAS_ANY_NAMES}"),
        (Open, f"Open has an object of any names at $, {HAS_ANY_NAMES}"),
        (Holder, f"Holder has an object of any names at $.Open, {HAS_ANY_NAMES}"),
        (Root, "Root is not an object in JSON, as strict mode asks for"),
        (Unspeakable, "Unspeakable has no JSON schema: "),
    ],
)
def test_models_without_a_strict_schema(kind: Any, expected: str) -> None:
    """What strict mode cannot express of a model is refused in one sentence."""
    with pytest.raises(InvalidArgumentError) as error:
        text_format_of(kind)
    assert str(error.value).startswith(f"text_format: {expected}")
    assert "\n" not in str(error.value)


def test_reading_a_model() -> None:
    """Pydantic reads the text of its model; what does not fit is our error, with the JSON paths and without values."""
    text = '{"fullName": "a", "children": [{"fullName": "b", "children": [], "parent": null}], "parent": null}'
    wrong = '{"fullName": "a", "children": [{"fullName": 1, "children": []}], "parent": null}'

    assert Family.model_validate_json(text) == read_structured(Family, text)
    with pytest.raises(DecodeError) as error:
        read_structured(Family, wrong)
    assert (
        "the text does not fit Family: Input should be a valid string @ $.children[0].fullName; "
        "Field required @ $.children[0].parent"
    ) == str(error.value)
    with pytest.raises(DecodeError, match=r"^the text does not fit Cat: Invalid JSON: .* @ \$$"):
        read_structured(Cat, "Sorry")


class ByShape:
    """Not pydantic's, but with its methods."""

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {"type": "object", "properties": {"a": {"type": "string"}}}

    @classmethod
    def model_validate_json(cls, text: str) -> ByShape:
        raise ValueError(f"no {text}")


def test_models_by_shape() -> None:
    """A class with the two methods of a model is one."""
    assert schema_of(ByShape)["additionalProperties"] is False
    with pytest.raises(DecodeError, match=r"^the text does not fit ByShape: no x$"):
        read_structured(ByShape, "x")


def test_pydantic_is_not_imported() -> None:
    """Nothing of ours imports pydantic, nor cattrs for this."""
    program = (
        "import sys, attrs; from openai_conversations.converters.structured import text_format_of;"
        "text_format_of(attrs.make_class('A', {'a': attrs.field(type=int)}));"
        "print({'pydantic', 'cattrs'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "set()\n" == found.stdout
