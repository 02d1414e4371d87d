"""Where servers of this API differ, and the known variants under their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_type_hints

import attrs

Order = Literal["asc", "desc"]
ErrorStyle = Literal["openai", "message", "flat", "bare", "detail", "problem", "text", "empty"]
_BOTH_STYLES = ("include", "include[]")


@attrs.frozen(kw_only=True)
class ItemRules:
    """
    Where servers differ in what they do with items.

    Attributes:
        strict: Apply the write-back rules, and fill in what every stored item has. Otherwise items are checked, but
            stored as they were sent.
        own_ids: Keep the ids that requests bring; otherwise every item gets a new one.
        unknown_types: Keep items of types that the server does not know instead of refusing them.
        repeat_ids: Take items whose ids are there already.
        empty_reasoning: Take reasoning that holds nothing but its id, as the agents SDK sends it.
        refuses_origin: Refuse the fields that say which agent and which response an item is from.
    """

    strict: bool = True
    own_ids: bool = True
    unknown_types: bool = False
    repeat_ids: bool = False
    empty_reasoning: bool = True
    refuses_origin: bool = False


@attrs.frozen(kw_only=True)
class ServerProfile:
    """
    How one kind of server behaves. Change single traits with ``attrs.evolve`` or :func:`parse`.

    Attributes:
        name: What it is called.
        prefix: What stands before ``/conversations`` in every address.
        project_prefix: Whether ``/api/projects/{project}`` may stand before that, as in Azure AI Foundry.
        key_headers: Where a key may come: ``authorization`` (a bearer) and others (the bare key).
        include: The names of the query parameter that asks for more fields.
        errors: The body of an error: OpenAI's object, the same with the message alone, its fields without the object
            around them (``flat``), the message in place of the object (``bare``), ``{"detail": …}``,
            ``application/problem+json``, plain text, or nothing.
        invalid_status: The HTTP status for a request whose content is refused.
        request_id_headers: In which headers every response carries its id.
        metadata_limits: Whether the limits of metadata are held.
        item_limit: Whether at most 20 items are taken at once.
        page_limit: Whether ``limit`` above 100 is refused; otherwise it means 100.
        empty_metadata: The metadata of the response when none was given: an empty object or null.
        update: Whether an update replaces the metadata or is merged into it.
        strict_items: See :class:`ItemRules`.
        own_ids: Whether the ids that items bring are kept.
        foreign_ids: What becomes of an item that is sent with the id of one in another conversation: it leaves that
            conversation (``moved``), or that one is copied and what was sent for it is ignored (``copied``).
        checks_ids: Whether a conversation id that does not begin with ``conv_`` is refused as such, and not as one
            that does not exist.
        unknown_types: Whether items of unknown types are kept.
        repeat_ids: Whether ids that items bring are kept without a look at whether they are there already.
        empty_reasoning: Whether reasoning is taken that holds nothing but its id, as the agents SDK sends it.
        default_order: The order of lists that ask for none.
        ignores_order: Whether every list has that order, whatever it asks for.
        item_deletion: What deleting an item responds with: its conversation, or an object for the deleted item.
        empty_ids: What ``first_id`` and ``last_id`` are in an empty list.
        last_id: Whether lists have a ``last_id`` at all.
        full_page_has_more: Whether a full last page says ``has_more``, so that an empty one follows.
        delete_again: Whether deleting what is deleted is refused with 404 or answered as before.
        after_delete: What becomes of the items of a deleted conversation: nobody can read them (``hidden``), they
            can still be read one by one (``readable``), or they are deleted too (``cascade``).
        trailing_slash: Whether an address that ends in a slash is refused or redirected (307).
        keepalive: Seconds after which an idle connection is closed.
        lists_conversations: Whether ``GET /conversations`` lists them, by ``limit``, ``order``, ``after``, ``before``,
            ``agent_name`` and ``agent_id``.
        agents: Whether a turn may be an agent's, which needs no model: what it makes says whose it is, by
            ``agent_reference`` and ``response_id``, and no request may say that.
        filters_items: Whether a list of items heeds ``item_type``.
        items_during_turn: Whether items are added and deleted while a turn runs in their conversation, or refused with
            ``conversation_locked``.
        aborted_turn: What becomes of a turn whose client hangs up before its end: it is stored like any other
            (``stored``), its response is complete but the conversation stays as it was (``unchanged``), or input and
            output are stored up to the first call of a tool (``call``).
        lock_after_disconnect: Seconds for which a conversation stays locked after such a turn.
        incomplete_turn: Whether the items of an incomplete response are added to the conversation.
        unstored_turn: Whether the items of a turn with ``store: false`` are added to its conversation.
        input_items: What the list of a response's input holds: the items of its request, or all that stood before
            them, too.
        resume_seconds: Seconds after its start in which a background response can be streamed again.
        obfuscation: Whether deltas carry padding unless ``include_obfuscation`` is false.
        done_marker: Whether streams end with ``data: [DONE]``.
    """

    name: str
    prefix: str = "/v1"
    project_prefix: bool = False
    key_headers: tuple[str, ...] = ("authorization",)
    include: tuple[str, ...] = _BOTH_STYLES
    errors: ErrorStyle = "openai"
    invalid_status: int = 400
    request_id_headers: tuple[str, ...] = ("x-request-id",)
    metadata_limits: bool = True
    item_limit: bool = True
    page_limit: bool = True
    empty_metadata: Literal["object", "null"] = "object"
    update: Literal["replace", "merge"] = "replace"
    strict_items: bool = True
    own_ids: bool = True
    foreign_ids: Literal["moved", "copied"] = "moved"
    checks_ids: bool = False
    unknown_types: bool = False
    repeat_ids: bool = False
    empty_reasoning: Literal["accepted", "refused"] = "accepted"
    default_order: Order = "desc"
    ignores_order: bool = False
    item_deletion: Literal["conversation", "item"] = "conversation"
    empty_ids: Literal["empty", "null", "absent"] = "empty"
    last_id: bool = True
    full_page_has_more: bool = False
    delete_again: Literal["refused", "repeated"] = "refused"
    after_delete: Literal["hidden", "readable", "cascade"] = "hidden"
    trailing_slash: Literal["refused", "redirected"] = "refused"
    keepalive: float = 75.0
    lists_conversations: bool = False
    agents: bool = False
    filters_items: bool = False
    items_during_turn: Literal["accepted", "refused"] = "accepted"
    aborted_turn: Literal["stored", "unchanged", "call"] = "stored"
    lock_after_disconnect: float = 0.0
    incomplete_turn: Literal["stored", "dropped"] = "stored"
    unstored_turn: Literal["stored", "dropped"] = "stored"
    input_items: Literal["own", "all"] = "own"
    resume_seconds: float = 300.0
    obfuscation: bool = True
    done_marker: bool = False

    @property
    def item_rules(self) -> ItemRules:
        return ItemRules(
            strict=self.strict_items,
            own_ids=self.own_ids,
            unknown_types=self.unknown_types,
            repeat_ids=self.repeat_ids,
            empty_reasoning=self.empty_reasoning == "accepted",
            refuses_origin=self.agents,
        )


PROFILES: Mapping[str, ServerProfile] = {
    profile.name: profile
    for profile in (
        ServerProfile(name="openai"),
        # OGX 1.x: what its routes and its store do. Those before answer the deletion of an item with an object for it:
        # ``ogx,item_deletion=item``.
        ServerProfile(
            name="ogx",
            include=("include",),
            errors="message",
            request_id_headers=(),
            metadata_limits=False,
            page_limit=False,
            empty_metadata="null",
            strict_items=False,
            own_ids=False,
            foreign_ids="copied",
            checks_ids=True,
            after_delete="readable",
            trailing_slash="redirected",
            keepalive=5.0,
        ),
        # https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle: the v1 path.
        ServerProfile(
            name="azure",
            prefix="/openai/v1",
            project_prefix=True,
            key_headers=("authorization", "api-key"),
            request_id_headers=("x-request-id", "apim-request-id"),
            lists_conversations=True,
            agents=True,
            filters_items=True,
        ),
    )
}


def parse(text: str) -> ServerProfile:
    """
    A profile by name, with traits changed: ``openai`` or ``openai,after_delete=cascade,last_id=false``.

    Raises:
        ValueError: No such profile, no such trait, or no such value; the message names the choices.
    """
    name, *changes = (part.strip() for part in text.split(","))
    if name not in PROFILES:
        raise ValueError(f"there is no profile {name!r}; the profiles are {', '.join(PROFILES)}")
    profile = PROFILES[name]
    return attrs.evolve(profile, **dict(_change(profile, change) for change in changes))


def _change(profile: ServerProfile, text: str) -> tuple[str, Any]:
    trait, _, value = text.partition("=")
    traits = [field.name for field in attrs.fields(ServerProfile)]
    if trait not in traits:
        raise ValueError(f"a profile has no trait {trait!r}; the traits are {', '.join(traits)}")
    return trait, _read(trait, value, getattr(profile, trait))


def _read(trait: str, value: str, like: object) -> Any:
    if isinstance(like, bool):
        return _choice(trait, value, {"true": True, "false": False})
    if isinstance(like, (int, float)):
        return type(like)(value)
    if isinstance(like, tuple):
        return tuple(value.split("+"))
    choices = get_args(get_type_hints(ServerProfile)[trait])
    return _choice(trait, value, {choice: choice for choice in choices}) if choices else value


def _choice(trait: str, value: str, choices: Mapping[str, Any]) -> Any:
    if value not in choices:
        raise ValueError(f"{trait} is one of {', '.join(choices)}, not {value!r}")
    return choices[value]
