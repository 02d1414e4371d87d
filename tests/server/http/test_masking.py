"""What is a credential, and that nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from openai_conversations.converters import json
from openai_conversations.server.http.masking import MASK, mask_body, mask_query

SECRET = "hunter2"


@pytest.mark.parametrize(
    "body",
    [
        {"tools": [{"type": "mcp", "authorization": SECRET}]},
        {"tools": [{"type": "mcp", "headers": {"x-anything": SECRET, "y": [SECRET]}}]},
        {"tools": [{"server_url": f"https://me:{SECRET}@example.com/mcp"}]},
        {"tools": [{"server_url": f"https://example.com/mcp?a=1&api_key={SECRET}&b=2"}]},
        {"tools": [{"container": {"network_policy": {"domain_secrets": [{"domain": "a", "value": SECRET}]}}}]},
        {"image_url": f"https://example.com/a.png?X-Amz-Signature={SECRET}"},
        {"apiKey": SECRET},
        {"clientSecret": SECRET},
        {"access_token": SECRET},
        {"token": SECRET},
        {"password": SECRET},
        {"Authorization": {"type": "bearer", "token": SECRET}},
        {"properties": {"api_key": SECRET}},
    ],
    ids=lambda body: str(body)[:60],
)
def test_credentials_in_bodies(body):
    """No value of a credential's name is left, wherever it stands; the names are."""
    masked = mask_body(json.dumps(body))

    assert SECRET.encode() not in masked
    assert MASK in str(json.loads(masked))


@pytest.mark.parametrize(
    "body",
    [
        b'{"\\u0061uthorization" : "hunter2"}',
        b'{"api_key":"hunter2',
        b'{"api_key":"hunter2\\',
        b'{"a":1}}]]{"api_key":"hunter2"}',
        b'{"headers":' + b"[" * 100_000 + b'"hunter2"',
        b'{"server_url":"https:\\/\\/me:hunter2@example.com"}',
        b'{"pwd": hunter2}',
        b"password=hunter2&a=b&secret=hunter2",
        b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n{"secret": "hunter2"}',
    ],
    ids=[
        "escaped name",
        "cut",
        "cut in an escape",
        "closed too often",
        "deep",
        "slashes",
        "no JSON",
        "form",
        "multipart",
    ],
)
def test_credentials_in_what_is_no_json(body):
    """A body that is broken, or spelled oddly, hides none."""
    assert SECRET.encode() not in mask_body(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{ "items": [{"role":"user", "content":"my key, my token: 1.50"}], "n": 1.50, "n": 2e400}',
        b'{"prompt_cache_key":"a","max_output_tokens":5,"safety_identifier":"b","usage":{"input_tokens":1}}',
        b'{"logprobs":[{"token":"Hi","logprob":-1,"top_logprobs":[{"token":"Ho","bytes":[1]}]}]}',
        b'{"action":{"type":"keypress","keys":["CTRL","a"]},"key":"a","signature":"f(x)"}',
        b'{"tools":[{"parameters":{"properties":{"api_key":{"type":"string"}}}}]}',
        b'{"authorization":null,"require_auth":true}',
        b'{"url":"https://example.com/a?b=c&d=e@f"}',
    ],
    ids=["spelling", "fields", "logprobs", "keys", "schema", "nothing", "address"],
)
def test_what_is_no_credential(body):
    """Everything else stays, byte for byte."""
    assert body == mask_body(body)


def test_a_request_that_repeats_its_key():
    """The credential of the headers is masked wherever the request says it again, if it is long enough to be one."""
    headers = {"authorization": "Bearer sk-very-long", "x-api-key": "a"}

    assert b'{"content":"my key is ***, a"}' == mask_body(b'{"content":"my key is sk-very-long, a"}', headers)
    assert {"q": ["*** a"], "key": ["***"]} == mask_query({"q": ["sk-very-long a"], "key": ["b"]}, headers)


def test_addresses_in_queries():
    """An address in a query is masked like any other."""
    query = {"next": ["https://me:pw@example.com/?token=a&b=c"], "odd": ["\ud800"]}

    assert {"next": ["https://***@example.com/?token=***&b=c"], "odd": ["\ud800"]} == mask_query(query, {})


@pytest.mark.hypothesis
@given(body=st.binary())
def test_any_bytes(body):
    """Any bytes can be masked, and what is masked once stays as it is."""
    masked = mask_body(b'{"key": ' + body)

    assert masked == mask_body(masked)
