"""What a container may reach on the network."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema, secret
from openai_conversations.schemas.unknown import UnknownObject


@schema
class DomainSecret(Schema):
    """A secret that is put into requests to one domain."""

    domain: str
    name: str
    value: str = secret()


@schema
class NetworkDisabled(Schema):
    """Nothing."""

    type: Literal["disabled"] = "disabled"


@schema
class NetworkAllowlist(Schema):
    """Some domains."""

    type: Literal["allowlist"] = "allowlist"

    allowed_domains: list[str]
    domain_secrets: list[DomainSecret] | None = None


NetworkPolicy = NetworkDisabled | NetworkAllowlist | UnknownObject
