"""
The numbers of the API, and the values of ``include``: once, for everything on the client's side.

From the prose and the schemas of OpenAI's description of the API
(https://platform.openai.com/docs/api-reference/conversations). Servers of this API do not enforce all of them. The
embedded server has numbers of its own, so that a test can show where the two differ.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

ITEMS_PER_REQUEST: Final = 20
"""The most items that ``createConversation`` and ``createConversationItems`` take."""

ITEMS_PER_PAGE: Final = 100
"""The largest ``limit`` of a listing."""

ITEMS_PER_APPEND: Final = 100_000
"""The most items of one ``items.append``. This bound is ours: the API knows only requests."""

METADATA_PAIRS: Final = 16
METADATA_KEY_LENGTH: Final = 64
"""In characters."""
METADATA_VALUE_LENGTH: Final = 512
"""In characters."""

CHARACTERS_OF_OUTPUT: Final = 10_485_760
"""The longest text that a function may give (``FunctionCallOutputItemParam.output``)."""

Include = Literal[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
]
"""Fields that the service leaves out unless asked (``IncludeEnum`` of the description)."""

INCLUDE_ALL: Final[tuple[Include, ...]] = get_args(Include)
"""Every value of ``include``: an item is whole only with all of them."""
