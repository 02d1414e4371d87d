"""The page in a real browser: it lives, it is safe, it fits, and no other origin reaches it."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from openai_conversations.server import faults
from tests.chromium import browsing, needs_chromium
from tests.server.api import user

pytestmark = needs_chromium

HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"


@pytest.fixture
async def tab(tmp_path):
    async with browsing(tmp_path / "profile", "--host-resolver-rules=MAP rebound.example 127.0.0.1") as tab:
        yield tab


async def texts(tab, selector):
    """The texts of all elements that a selector finds."""
    return await tab.evaluate(f"[...document.querySelectorAll({selector!r})].map((each) => each.innerText)")


async def test_the_journal_grows(api, server, tab):
    """What comes after the page was loaded is shown as it happens, and a turn that runs is told as such."""
    turn = server.model.say("a b c").hold()
    await tab.open(server.page_url)
    await tab.until("document.querySelector('#live').className === 'live on'")
    conversation = await api.create(user("Grüezi"))
    await tab.until("document.querySelectorAll('#journal li').length === 1")
    await tab.until("document.querySelector('#panels').innerText.includes('Grüezi')")
    running = asyncio.ensure_future(api.turn("Hi", conversation=conversation))
    await tab.until("document.querySelector('#r2.open') !== null")
    turn.release()
    await running
    await tab.until("document.querySelector('#r2.good') !== null")

    assert ["createResponse", "createConversation"] == await texts(tab, "#journal b")
    server.reset()
    await tab.until("document.querySelectorAll('#journal li').length === 0")


async def test_faults_and_script_without_javascript(api, server, tab):
    """A fault is added and removed, and a turn of the script is written, with plain forms."""
    await tab.call("Emulation.setScriptExecutionDisabled", value=True)
    await tab.open(f"{server.page_url}page/faults")
    await tab.evaluate("document.querySelector('[name=more]').value = 'status=418, code=teapot'")
    await tab.evaluate("document.querySelector('[name=fault] option:nth-child(2)').selected = true")
    await tab.evaluate("document.querySelector('form.grid').submit()")
    await tab.until("document.querySelector('[action$=remove]') !== null")

    assert ["commit_then_status"] == [fault.name for fault, _ in server.faults]
    assert 418 == (await api.ask("POST", "/conversations")).status
    await tab.evaluate("document.querySelector('[action$=remove]').submit()")
    await tab.until("document.querySelector('[action$=remove]') === null")
    assert [] == server.faults

    await tab.open(f"{server.page_url}page/model")
    await tab.evaluate("document.querySelector('[name=turn]').value = 'Grüezi'")
    await tab.evaluate("document.querySelector('form.grid').submit()")
    await tab.until("document.body.innerText.includes('Grüezi')")
    assert "Grüezi" in (await api.turn("Hi")).json["output"][0]["content"][0]["text"]


async def test_hostile_content(api, server, tab):
    """Nothing that was sent or stored comes alive on any page, rows that are added by the live part included."""
    await tab.open(server.page_url)
    await tab.until("document.querySelector('#live').className === 'live on'")
    conversation = await api.create(user(HOSTILE), title=HOSTILE)
    await api.ask("GET", f"/{HOSTILE.replace('/', '')}?{HOSTILE}=1", headers={"x": HOSTILE})
    server.model.when(text=HOSTILE).say(HOSTILE)
    await api.turn(HOSTILE, conversation=conversation)
    await tab.until("document.querySelectorAll('#journal li').length === 3")
    await tab.until("document.querySelector('#panels').innerText.includes('<script>')")
    assert "Overview · embedded server" == await tab.evaluate("document.title")
    for path in ("journal", "requests/2", "conversations", "model", "requests/1", f"conversations/{conversation}"):
        await tab.open(f"{server.page_url}page/{path}")
        assert "owned" != await tab.evaluate("document.title")
        assert 0 == await tab.evaluate("document.querySelectorAll('img, script:not(body > script)').length")
        if path not in ("journal", "requests/2"):  # there it stands in an address, in its own spelling
            assert await tab.evaluate("document.body.innerText.includes('<script>')"), path


async def test_the_policy(server, tab):
    """Where a script gets into the page all the same, the policy runs only ours."""
    await tab.open(server.page_url)
    await tab.evaluate(
        "(() => { const script = document.createElement('script'); script.textContent = \"document.title = 'owned'\";"
        " document.body.append(script) })()"
    )

    assert "Overview · embedded server" == await tab.evaluate("document.title")
    assert await tab.evaluate("getComputedStyle(document.querySelector('.top')).position === 'sticky'")


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
async def test_it_fits(api, server, tab, scheme, width):
    """No page is wider than the screen, and dark is dark."""
    server.add_fault(faults.status(503, operation="getConversation", count=3))
    conversation = await api.create(user("x" * 300), title="y" * 300)
    server.model.when(pattern="z" * 200).say("w" * 500)
    await api.turn("Hi " * 100 + "z" * 200, conversation=conversation)
    await tab.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
    )
    await tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    pages = ["journal", "conversations", f"conversations/{conversation}", "faults", "model", "requests/1"]
    for path in ["", *(f"page/{page}" for page in pages)]:
        await tab.open(f"{server.page_url}{path}")
        assert width == await tab.evaluate("Math.max(innerWidth, document.documentElement.scrollWidth)"), path
    color = await tab.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (scheme == "dark") == (int(color.removeprefix("rgb(").split(",")[0]) < 128)


ATTACK = """<!doctype html><title>evil</title><body><script>
const target = "{target}";
const got = [];
const tell = (what) => got.push(what);
const form = (path, fields) => {{
  const frame = document.createElement("iframe");
  frame.name = path;
  document.body.append(frame);
  const form = document.createElement("form");
  Object.assign(form, {{method: "post", action: target + path, target: path}});
  for (const [name, value] of Object.entries(fields)) {{
    const field = document.createElement("input");
    Object.assign(field, {{name, value}});
    form.append(field);
  }}
  document.body.append(form);
  form.submit();
}};
const load = (tag, path, property = "src") => new Promise((resolve) => {{
  const element = document.createElement(tag);
  element.onload = element.onerror = resolve;
  element.rel = "stylesheet";
  element[property] = target + path;
  document.body.append(element);
  setTimeout(resolve, 2000);
}});
window.attack = (async () => {{
  for (const path of ["", "page/journal", "page/events", "journal", "conversations"]) {{
    for (const mode of ["cors", "no-cors"]) {{
      try {{
        const response = await fetch(target + path, {{mode}});
        if (response.type !== "opaque") tell(await response.text());
      }} catch (error) {{}}
    }}
  }}
  const types = ["text/plain", "application/json", "application/x-www-form-urlencoded"];
  for (const path of ["reset", "faults", "script", "page/faults", "page/script"]) {{
    for (const type of types) {{
      for (const mode of ["cors", "no-cors"]) {{
        const body = '{{"fault": "status", "turns": ["owned"]}}';
        try {{
          await fetch(target + path, {{method: "POST", mode, headers: {{"content-type": type}}, body}});
        }} catch (error) {{}}
      }}
    }}
  }}
  form("reset", {{}});
  form("page/faults", {{fault: "status", token: ""}});
  form("page/script", {{turn: "owned", token: ""}});
  await Promise.all([load("script", "conversations"), load("img", ""), load("link", "", "href"), load("iframe", "")]);
  await new Promise((resolve) => {{
    const source = new EventSource(target + "page/events");
    source.onmessage = source.onerror = (event) => {{ if (event.data) tell(event.data); source.close(); resolve(); }};
    source.addEventListener("rows", (event) => {{ tell(event.data); source.close(); resolve(); }});
    setTimeout(resolve, 2000);
  }});
  for (const frame of document.querySelectorAll("iframe")) {{
    try {{ tell(frame.contentDocument.body.innerHTML); }} catch (error) {{}}
  }}
  const opened = window.open(target);
  try {{ tell(opened.document.body.innerHTML); }} catch (error) {{}}
  return got.filter((what) => what);
}})();
</script>"""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "evil.localhost"])
async def test_pages_of_other_origins_get_nothing(api, server, tab, host):
    """Another origin, be it the same machine on another port, can neither read nor do anything."""
    await api.create(user("secret"))
    app = web.Application()
    page = ATTACK.format(target=server.page_url)

    async def show(_):
        return web.Response(text=page, content_type="text/html")

    app.router.add_get("/", show)
    async with TestServer(app, host="127.0.0.1") as evil:
        await tab.open(f"http://{host}:{evil.port}/")
        got = await tab.evaluate("window.attack")

    assert [] == got
    assert "secret" == server.conversations()[0].items[0]["content"][0]["text"]
    assert ([], []) == (server.faults, server.model.scripted)


async def test_a_rebound_name(api, server, tab):
    """A name of the web that leads to this machine shows nothing."""
    await api.create(user("secret"))
    await tab.open(f"http://rebound.example:{server.port}/_control/")

    assert "does not answer under the name" in await tab.evaluate("document.body.innerText")
    assert "secret" not in await tab.evaluate("document.documentElement.outerHTML")
