"""Conversations for people: what is shown, and that nothing hostile in it comes alive."""

from __future__ import annotations

import builtins
import html
import re
import shutil
import subprocess
from html.parser import HTMLParser

import markdown_it
import pytest

from openai_conversations.operations.archive.files import render_archive
from openai_conversations.operations.archive.reader import Archive
from openai_conversations.operations.archive.render.html import environment
from openai_conversations.operations.archive.render.safety import safe_image, safe_link
from openai_conversations.operations.errors import MissingExtraError
from openai_conversations.schemas.items import ITEM_CLASSES
from tests.azure_fake import ITEMS as AZURE_ITEMS, TYPES as AZURE_TYPES
from tests.server.samples import IDS, ITEMS

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def archive(*items: dict[str, object], **conversation: object) -> Archive:
    return Archive(kind="conversation", items=items, conversation=conversation)


def as_html(*items: dict[str, object], **conversation: object) -> str:
    return render_archive(archive(*items, **conversation), "html")


def as_markdown(*items: dict[str, object], **conversation: object) -> str:
    return render_archive(archive(*items, **conversation), "markdown")


def message(role: str, *parts: dict[str, object] | str, **more: object) -> dict[str, object]:
    kind = "output_text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": part} if isinstance(part, str) else part for part in parts]
    return {"type": "message", "id": "msg_1", "role": role, "content": content, **more}


class Page(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


# What is shown


@pytest.mark.parametrize("format", ["html", "markdown"])
@pytest.mark.parametrize("item", ITEMS, ids=IDS)
def test_every_type(item, format):
    """An item of every type can be shown by itself."""
    shown = render_archive(archive({"id": "x", **item}), format)

    assert len(shown) > 20


def test_every_type_is_known():
    """No type of the API is shown as an unknown one."""
    unknown = [tag for tag in ITEM_CLASSES if f"<b>{tag}</b>" in as_html({"type": tag, "id": "x"})]

    assert ["compaction_trigger", "item_reference"] == sorted(unknown)


def test_unknown_type():
    """An item of an unknown type is shown as JSON under its type."""
    page = as_html({"type": "hologram", "id": "h", "beams": 3})

    assert "<b>hologram</b>" in page
    assert '"beams": 3' in html.unescape(page)


def test_every_type_of_azure_is_known():
    """Items that only Azure AI Foundry makes are shown as what they are, and outputs stand with their calls."""
    page = as_html(*AZURE_ITEMS)
    text = html.unescape(page)
    calls = sum(item["type"].endswith("_call_output") for item in AZURE_ITEMS)

    assert [] == [tag for tag in AZURE_TYPES if f"<b>{tag}</b>" in page]
    assert len(AZURE_ITEMS) - calls == len(re.findall("<details", page))
    for words in (
        "Azure AI Search",
        "SharePoint search",
        "look_up",
        "InvokeAzureAgent",
        "likes red",
        '{"color": "red"}',
    ):
        assert words in text


def test_links_of_azure_are_no_links():
    """Where somebody is to give consent is text: nobody knows where it leads."""
    page = Page(as_html(*AZURE_ITEMS))

    assert "https://consent.example/" in page.text
    assert [] == [found for tag, found in page.tags if tag == "a" and "consent" in str(found.get("href"))]


@pytest.mark.parametrize("item", AZURE_ITEMS, ids=lambda item: item["type"])
def test_azure_items_alone(item):
    """Each can be shown by itself, an output without its call, too."""
    assert len(as_markdown(item)) > 20


def test_roles():
    """Every message says who spoke; a role that is new has the looks of a note."""
    page = as_html(message("user", "Hi"), message("assistant", "Ho"), message("critic", "Hm"))

    assert ["message user", "message assistant", "message other"] == re.findall(r'<article class="([^"]*)"', page)
    assert ["user", "assistant", "critic"] == re.findall(r"<h2>(\w+)", page)


def test_calls_are_folded_with_their_outputs():
    """A tool call is one folded entry that holds what was asked and what came back."""
    page = as_html(
        {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": '{"x":1}'},
        message("user", "wait"),
        {"type": "function_call_output", "id": "fco", "call_id": "c", "output": "42"},
    )

    (folded,) = re.findall(r"<details.*?</details>", page, re.DOTALL)
    assert ["arguments", "output"] == re.findall(r"<h3>(.*?)</h3>", folded)
    assert '<code>{"x": 1}</code>' in html.unescape(folded)
    assert "<code>42</code>" in folded
    assert "open" not in re.search(r"<details[^>]*>", folded).group()


def test_interpreter_output_of_the_future():
    """An output of an unknown type is shown as JSON."""
    page = as_html({"type": "code_interpreter_call", "id": "ci", "code": None, "outputs": [{"type": "film", "x": 1}]})

    assert '{"type": "film", "x": 1}' in html.unescape(page)


def test_states():
    """A state is shown where it is not the ordinary one."""
    page = as_html(message("assistant", "a", status="completed"), message("assistant", "b", status="incomplete"))

    assert ["incomplete"] == re.findall(r'<i class="status">(.*?)</i>', page)


def test_answers_are_markdown():
    """What the model says is Markdown: tables, code, emphasis."""
    page = as_html(message("assistant", "**yes**\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```python\nx < 1\n```"))

    assert "<strong>yes</strong>" in page
    assert '<th class="right">b</th>' in page
    assert '<code class="language-python">x &lt; 1\n</code>' in page


def test_questions_are_not():
    """What people type is shown as they typed it, but for the code that they quote."""
    page = as_html(message("user", "# no heading\n*no* emphasis\n`code`"))

    assert "# no heading" in page
    assert "*no* emphasis" in page
    assert "<code>code</code>" in page


def test_images():
    """Images that the conversation holds are shown; images elsewhere are links: opening the page tells nobody."""
    page = as_html(
        message("user", {"type": "input_image", "image_url": PIXEL, "detail": "auto"}),
        message("user", {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"}),
        message("user", {"type": "input_image", "file_id": "file_1", "detail": "auto"}),
        message("assistant", "![a cat](https://example.com/cat.png)"),
    )

    assert [PIXEL] == [attrs["src"] for tag, attrs in Page(page).tags if tag == "img"]
    assert 'href="https://example.com/a.png"' in page
    assert '<a href="https://example.com/cat.png" rel="noopener noreferrer nofollow">a cat</a>' in page
    assert "image file_1" in page


def test_generated_images():
    """The picture that the model made is shown with the words that it was made from."""
    data = PIXEL.split(",")[1]
    page = as_html(
        {"type": "image_generation_call", "id": "ig", "result": data, "status": "completed", "revised_prompt": "a dot"}
    )

    assert f'<img src="{PIXEL}" alt="a dot">' in html.unescape(page)


def test_head():
    """Title, time, size and metadata stand above; the title is not said twice."""
    page = as_html(message("user", "Hi"), id="conv_1", created_at=1767225600, metadata={"title": "T", "user": "42"})

    assert "<h1>T</h1>" in page
    assert "01 January 2026, 00:00 UTC" in page
    assert "1 item" in page
    assert ["user"] == re.findall(r"<dt>(.*?)</dt>", page)


def test_nothing_at_all():
    """An empty conversation says so."""
    assert "no items" in as_html()
    assert "# Conversation\n\n- Items: 0\n" == as_markdown()


def test_page_stands_alone():
    """The page loads nothing, runs nothing and sends nothing: no element asks for anything from elsewhere."""
    page = Page(as_html(*[{"id": str(number), **item} for number, item in enumerate(ITEMS)]))

    assert set() == {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "form", "base"}
    assert [] == [attrs for tag, attrs in page.tags if tag != "a" and str(attrs.get("src", "")).startswith("http")]
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


# What must not come alive

HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</code></pre><script>document.title='owned'</script>",
    '"><svg onload="document.title=\'owned\'">',
    "</style><script>document.title='owned'</script>",
    "[x](javascript:document.title='owned')",
    "[x](data:text/html;base64,PHNjcmlwdD5kb2N1bWVudC50aXRsZT0nb3duZWQnPC9zY3JpcHQ+)",
    "![x](javascript:document.title='owned')",
    "<javascript:document.title='owned'>",
    "[x]: javascript:alert(1)\n\n[x]",
    "```\"><script>document.title='owned'</script>\n```",
    "{{ 7 * 7 }}{% for x in y %}",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
]
URLS = [
    "javascript:document.title='owned'",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>document.title='owned'</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml,<svg onload=\"document.title='owned'\"/>",
    "data:image/png;base64,AA==\" onerror=\"document.title='owned'",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:x",
    "//example.com/x",
    "https://[",
]


def hostile_items() -> list[dict[str, object]]:
    """Hostile text and URLs in every place that is shown."""
    items: list[dict[str, object]] = []
    for text in HOSTILE:
        items += [message(role, text) for role in ("user", "assistant", "developer", text)]
        items += [
            {"type": "function_call", "id": text, "call_id": text, "name": text, "arguments": text, "status": text},
            {"type": "function_call_output", "id": "o", "call_id": text, "output": text},
            {"type": "reasoning", "id": text, "summary": [{"type": "summary_text", "text": text}]},
            {"type": text, "id": text, "x": text},
            message("assistant", {"type": "refusal", "refusal": text}),
            message("user", {"type": "input_file", "filename": text, "file_url": text}),
            {"type": "mcp_approval_response", "id": "m", "approval_request_id": "r", "approve": True, "reason": text},
            {"type": "image_generation_call", "id": "i", "result": text, "output_format": text, "revised_prompt": text},
            {"type": "code_interpreter_call", "id": "c", "code": text, "outputs": [{"type": "logs", "logs": text}]},
        ]
    for url in URLS:
        cited = [{"type": "url_citation", "url": url, "title": url, "start_index": 0, "end_index": 1}]
        items += [
            message("user", {"type": "input_image", "image_url": url, "detail": "auto"}),
            message("user", {"type": "input_file", "file_url": url}),
            message("assistant", {"type": "output_text", "text": f"[a]({url}) <{url}>", "annotations": cited}),
            {"type": "code_interpreter_call", "id": "c", "code": None, "outputs": [{"type": "image", "url": url}]},
        ]
    return items


METADATA = {"title": HOSTILE[4], HOSTILE[0]: HOSTILE[1]}


def test_hostile_content_is_text():
    """No element, no handler and no address of the page comes out of the conversation."""
    page = Page(as_html(*hostile_items(), id=HOSTILE[0], metadata=METADATA))
    handlers = [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    addresses = {str(attrs[name]) for _, attrs in page.tags for name in ("href", "src") if name in attrs}

    assert [] == handlers
    assert not {"script", "iframe", "svg:script"} & {tag for tag, _ in page.tags}
    assert set() == {at for at in addresses if not at.startswith(("#", "https:"))}
    assert HOSTILE[0] in page.text
    assert "{{ 7 * 7 }}" in page.text


def test_hostile_content_in_markdown():
    """Tags of HTML are escaped outside of code, and no link leads anywhere but to the web."""
    text = as_markdown(*hostile_items(), metadata=METADATA)
    page = Page(markdown_it.MarkdownIt("commonmark", {"html": True}).render(text))

    assert not {"script", "iframe", "svg"} & {tag for tag, _ in page.tags}
    assert [] == [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


@pytest.mark.parametrize("url", URLS, ids=ascii)
def test_unsafe_urls(url):
    """What a browser would run, and what is no address, becomes neither link nor image."""
    assert ("", "") == (safe_link(url), safe_image(url))


@pytest.mark.parametrize("url", ["https://example.com/a?b=c#d", "http://a", "mailto:a@example.com", "HTTPS://A"])
def test_safe_links(url):
    """Web pages and mail addresses are links."""
    assert url == safe_link(url)


@pytest.mark.parametrize("url", [PIXEL, "data:image/webp;base64,AAAA", "data:image/JPEG;base64,AA=="])
def test_safe_images(url):
    """Bitmaps that the URL holds itself are images."""
    assert url == safe_image(url)


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(_chromium() is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without the policy"])
def test_hostile_content_in_a_browser(tmp_path, policy):
    """A real browser runs nothing of it, with the page's policy and without: neither defence leans on the other."""
    text = as_html(*hostile_items(), id="conv_1", metadata={"title": "innocent"})
    if not policy:
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        text = text.replace("</body>", "<script>document.body.dataset.ran = 'yes'</script></body>")
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8", errors="replace")

    dom = _dump(file, tmp_path)

    assert "<title>innocent</title>" in dom
    # Without the policy our own script shows that scripts do run here.
    assert (not policy) == ('data-ran="yes"' in dom)


@pytest.mark.skipif(_chromium() is None, reason="needs Chromium: apt-get install chromium")
def test_policy_in_a_browser(tmp_path):
    """The policy alone stops a script that got into the page, and lets the page's own style through."""
    text = as_html(message("user", "Hi"))
    script = "<script>document.title = 'owned'</script>"
    file = tmp_path / "page.html"
    file.write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")

    assert "<title>owned</title>" not in _dump(file, tmp_path)
    assert _picture_is_styled(tmp_path, text)


def _flags(tmp_path) -> list[str]:
    return [
        str(_chromium()),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]


def _dump(file, tmp_path) -> str:
    """The page after the browser has had its way with it."""
    command = [*_flags(tmp_path), "--virtual-time-budget=2000", "--dump-dom", file.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def _picture_is_styled(tmp_path, text: str) -> bool:
    """Whether the page's own style sheet is let through: pages with and without it look different."""
    pictures = []
    for name, content in {"with": text, "without": re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)}.items():
        file = tmp_path / f"{name}.html"
        file.write_text(content, encoding="utf-8")
        picture = tmp_path / f"{name}.png"
        subprocess.run(
            [*_flags(tmp_path), f"--screenshot={picture}", file.as_uri()], check=True, capture_output=True, timeout=120
        )
        pictures.append(picture.read_bytes())
    return pictures[0] != pictures[1]


@pytest.mark.parametrize("library", ["jinja2", "markdown_it"])
def test_missing_library(monkeypatch, library):
    """Where the extra is not installed, the error names it; Markdown needs nothing."""
    real = builtins.__import__

    def absent(name: str, *args: object, **kwargs: object) -> object:
        if name.partition(".")[0] == library:
            raise ImportError(f"No module named {name!r}", name=library)
        return real(name, *args, **kwargs)

    environment.cache_clear()
    monkeypatch.setattr(builtins, "__import__", absent)

    assert "Hi" in as_markdown(message("user", "Hi"))
    with pytest.raises(MissingExtraError, match=f'needs {library}; install the extra "html"') as caught:
        as_html(message("user", "Hi"))
    assert "html" == caught.value.extra


# Markdown


def test_markdown():
    """A heading per message, calls as code, links as links."""
    text = as_markdown(
        message("user", "How many?"),
        {"type": "function_call", "id": "fc", "call_id": "c", "name": "count", "arguments": "{}"},
        {"type": "function_call_output", "id": "fco", "call_id": "c", "output": "```\n42"},
        message(
            "assistant",
            {
                "type": "output_text",
                "text": "**42**",
                "annotations": [{"type": "url_citation", "url": "https://example.com/a", "title": "A *page*"}],
            },
        ),
        id="conv_1",
        created_at=1767225600,
        metadata={"user": "42"},
    )

    assert text == (
        "# conv\\_1\n\n- Conversation: `conv_1`\n- Created: 2026-01-01 00:00 UTC\n- Items: 4\n- user: 42\n\n"
        "## User\n\nHow many?\n\n"
        "### Tool: count\n\n**Arguments**\n\n```json\n{}\n```\n\n**Output**\n\n````\n```\n42\n````\n\n"
        "## Assistant\n\n**42**\n\n- [A \\*page\\*](<https://example.com/a>)\n"
    )


def test_markdown_code_that_is_not_closed():
    """A fence that the text leaves open is closed, so that it does not swallow what follows."""
    text = as_markdown(message("assistant", "```\n<b>"), message("user", "<b>"))

    assert "```\n<b>\n```\n\n## User\n\n&lt;b>\n" in text
