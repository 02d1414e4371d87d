"""Citations inside an output text."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.unknown import UnknownAnnotation


@schema
class FileCitation(Schema):
    """A citation of an uploaded file."""

    type: Literal["file_citation"] = "file_citation"

    file_id: str
    index: int
    """Where in the text the citation belongs."""
    filename: str


@schema
class UrlCitation(Schema):
    """A citation of a web page."""

    type: Literal["url_citation"] = "url_citation"

    url: str
    start_index: int
    """Index of the first character of the citation in the text."""
    end_index: int
    """Index of its last character."""
    title: str


@schema
class ContainerFileCitation(Schema):
    """A citation of a file in a container."""

    type: Literal["container_file_citation"] = "container_file_citation"

    container_id: str
    file_id: str
    start_index: int
    """Index of the first character of the citation in the text."""
    end_index: int
    """Index of its last character."""
    filename: str


@schema
class FilePath(Schema):
    """A file that the text points to."""

    type: Literal["file_path"] = "file_path"

    file_id: str
    index: int
    """Index of the file in the list of files."""


Annotation = FileCitation | UrlCitation | ContainerFileCitation | FilePath | UnknownAnnotation
