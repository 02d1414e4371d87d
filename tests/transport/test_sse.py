"""The parser of server-sent events: every rule with exact bytes, and all of them wherever the bytes are cut."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given, settings, strategies as st

from openai_conversations.transport.sse import EventParser, ServerSentEvent

MANY = 20_000_000


def events_of(*chunks, finish=False):
    """The events of a body that comes in these chunks."""
    parser = EventParser()
    found = [event for chunk in chunks for event in parser.feed(chunk)]
    return found + parser.finish() if finish else found


def sent(data, event=""):
    return ServerSentEvent(event=event, data=data)


RULES = [
    # Ends of lines
    ("LF", b"event: a\ndata: 1\n\n", [sent(b"1", "a")]),
    ("CRLF", b"event: a\r\ndata: 1\r\n\r\n", [sent(b"1", "a")]),
    ("CR", b"event: a\rdata: 1\r\r", [sent(b"1", "a")]),
    ("all three in one block", b"event: a\r\ndata: 1\rdata: 2\n\r\n", [sent(b"1\n2", "a")]),
    ("LF CR is two ends", b"data: 1\n\rdata: 2\n\n", [sent(b"1"), sent(b"2")]),
    ("CRLF after LF", b"data: 1\n\r\ndata: 2\n\n", [sent(b"1"), sent(b"2")]),
    ("U+2028 and U+2029 are content", "data: 1\u2028\u20292\n\n".encode(), [sent("1\u2028\u20292".encode())]),
    ("U+0085 is content", "data: 1\u00852\n\n".encode(), [sent("1\u00852".encode())]),
    ("VT, FF and separators are content", b"data: 1\v2\f3\x1c4\x1d5\x1e6\n\n", [sent(b"1\v2\f3\x1c4\x1d5\x1e6")]),
    # Fields
    ("no space after the colon", b"event:a\ndata:1\n\n", [sent(b"1", "a")]),
    ("one space goes, the second stays", b"event:  a\ndata:  1\n\n", [sent(b" 1", " a")]),
    ("a tab stays", b"event:\ta\ndata:\t1\n\n", [sent(b"\t1", "\ta")]),
    ("a space at the end stays", b"event: a \ndata: 1 \n\n", [sent(b"1 ", "a ")]),
    ("colons in a value", b"data: a:b: c\n\n", [sent(b"a:b: c")]),
    ("a space before the colon is a part of the name", b"data : 1\n\ndata: 2\n\n", [sent(b"2")]),
    ("a space before the name is a part of it", b" data: 1\n\ndata: 2\n\n", [sent(b"2")]),
    ("names are case-sensitive", b"Data: 1\nDATA: 2\nEvent: a\ndata: 3\n\n", [sent(b"3")]),
    ("unknown fields are ignored", b"new: x\ndata: 1\ndatas: 2\n\n", [sent(b"1")]),
    ("data first, event after it", b"data: 1\nevent: a\n\n", [sent(b"1", "a")]),
    ("the last event name counts", b"event: a\nevent: b\ndata: 1\n\n", [sent(b"1", "b")]),
    ("an event name of nothing", b"event: a\nevent\ndata: 1\n\n", [sent(b"1")]),
    # Data
    ("several data lines are joined by LF", b"data: 1\ndata: 2\ndata: 3\n\n", [sent(b"1\n2\n3")]),
    ("data alone is an empty line", b"data: 1\ndata\ndata: 2\n\n", [sent(b"1\n\n2")]),
    ("data with nothing behind the colon is, too", b"data: 1\ndata:\ndata: \ndata: 2\n\n", [sent(b"1\n\n\n2")]),
    ("two lines of nothing are a LF", b"data\ndata\n\n", [sent(b"\n")]),
    ("an empty data is skipped", b"event: a\ndata: \n\ndata\n\ndata:\n\ndata: 1\n\n", [sent(b"1")]),
    ("data on an event line", b"event: data: 1\n\nevent: a\ndata: event: b\n\n", [sent(b"event: b", "a")]),
    # Blocks
    ("no data, no event", b"event: a\n\nid: 1\n\nretry: 1\n\n: c\n\n\n\n", []),
    ("the name does not outlive its block", b"event: a\n\ndata: 1\n\n", [sent(b"1")]),
    ("nor the one of an event", b"event: a\ndata: 1\n\ndata: 2\n\n", [sent(b"1", "a"), sent(b"2")]),
    ("nor the one of an empty data", b"event: a\ndata:\n\ndata: 1\n\n", [sent(b"1")]),
    ("blank lines in front", b"\n\n\nevent: a\ndata: 1\n\n", [sent(b"1", "a")]),
    ("more blank lines than one", b"data: 1\n\n\n\n\ndata: 2\n\n", [sent(b"1"), sent(b"2")]),
    ("a block that does not end is none", b"data: 1\n\ndata: 2\n", [sent(b"1")]),
    ("a line that does not end is none", b"data: 1\n\ndata: 2", [sent(b"1")]),
    ("nothing", b"", []),
    # Comments
    ("comments are ignored", b": ping\n\n:\n\n:data: 1\n\ndata: 2\n\n", [sent(b"2")]),
    ("a comment inside a block", b"event: a\n: ping\ndata: 1\n:\ndata: 2\n\n", [sent(b"1\n2", "a")]),
    ("comments with CRLF", b": ping\r\n\r\n: ping\r\n\r\ndata: 1\r\n\r\n", [sent(b"1")]),
    # Byte order mark
    ("a BOM at the start goes", b"\xef\xbb\xbfevent: a\ndata: 1\n\n", [sent(b"1", "a")]),
    ("a BOM before a comment", b"\xef\xbb\xbf: c\ndata: 1\n\n", [sent(b"1")]),
    ("only one goes", b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\ndata: 2\n\n", [sent(b"2")]),
    ("only at the start", b"data: 1\n\n\xef\xbb\xbfdata: 2\n\ndata: 3\n\n", [sent(b"1"), sent(b"3")]),
    ("a BOM in a value stays", b"data: \xef\xbb\xbf1\n\n", [sent(b"\xef\xbb\xbf1")]),
    ("two bytes of one", b"\xef\xbbdata: 1\n\ndata: 2\n\n", [sent(b"2")]),
    # Ids and times to wait, which nobody here asks for
    ("an id is no data", b"id: 7\ndata: 1\n\nid\ndata: 2\n\n", [sent(b"1"), sent(b"2")]),
    ("nor an event", b"id: 7\n\nevent: a\ndata: 1\n\n", [sent(b"1", "a")]),
    ("with NUL neither", b"id: 8\x009\ndata: 2\n\n", [sent(b"2")]),
    ("a time to wait is none", b"retry: 3000\n\nretry\ndata: 1\nretry: -1\n\n", [sent(b"1")]),
    ("of thousands of digits neither", b"retry: " + b"1" * 5000 + b"\ndata: 1\n\n", [sent(b"1")]),
    # The end
    ("[DONE] is no event", b"data: 1\n\ndata: [DONE]\n\n", [sent(b"1")]),
    ("nor with a name", b"event: done\ndata: [DONE]\n\n", []),
    ("nor without a space", b"data:[DONE]\n\n", []),
    ("nothing comes after it", b"data: [DONE]\n\ndata: 1\n\nevent: a\ndata: 2\ndata: 3\n\n", []),
    ("in a text it is text", b'data: "[DONE]"\n\ndata: 1\n\n', [sent(b'"[DONE]"'), sent(b"1")]),
    # Encoding
    ("data is passed on as it is", b"data: \xff\xc3\xa4\n\n", [sent(b"\xff\xc3\xa4")]),
    ("a name that is not UTF-8", b"event: \xff\ndata: 1\n\n", [sent(b"1", "\ufffd")]),
    ("NUL in data and name", b"event: \0\ndata: \0\n\n", [sent(b"\0", "\0")]),
]
named = pytest.mark.parametrize(("body", "expected"), [pytest.param(b, e, id=name) for name, b, e in RULES])


@named
def test_rules(body, expected):
    """Each rule of the standard, and each of this API, with exact bytes."""
    assert expected == events_of(body)


@named
def test_rules_byte_by_byte(body, expected):
    """The same events come out of single bytes."""
    assert expected == events_of(*(body[i : i + 1] for i in range(len(body))))


@named
def test_rules_cut_once(body, expected):
    """The same events come out of two chunks, wherever the cut is, with empty chunks around it."""
    for i in range(len(body) + 1):
        assert expected == events_of(body[:i], b"", body[i:], b""), body[:i]


@pytest.mark.parametrize(("body", "expected"), [(b, e) for _, b, e in RULES if not b.startswith(b"\xef")])
def test_rules_after_another_event(body, expected):
    """An event in front changes nothing."""
    assert [sent(b"0", "z"), *expected] == events_of(b"event: z\ndata: 0\n\n" + body)


fragments = st.sampled_from(
    [
        *(b"data", b"event", b"id", b"retry", b":", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"\t", b"[DONE]", b"a", b"7"),
        *(b"data: ", b"event: a\ndata: {}\n\n", b"event: a\r\ndata: {}\r\n\r\n", b": c\n\n", b"\xef\xbb\xbf", b"\xff"),
        *(b"\0", "ä€😀\u2028".encode(), b"event: a\ndata: ", b"event: a\ndata: 1\n\n" * 3, b"data: 2\n\n"),
    ]
)
bodies = st.lists(fragments, max_size=30).map(b"".join) | st.binary(max_size=60)


@st.composite
def cut_bodies(draw):
    """A body and the chunks of it."""
    body = draw(bodies)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=8)))
    return body, [body[i:j] for i, j in zip([0, *cuts], [*cuts, len(body)], strict=True)]


@given(cut_bodies(), st.booleans())
@example((b"\xef\xbb\xbf\r\ndata: 1\r\n\r\n", [b"\xef", b"\xbb", b"\xbf\r", b"\ndata: 1\r", b"\n\r", b"\n"]), False)
def test_cut_anywhere(cut, finish):
    """Wherever a body is cut, the same events come out."""
    body, chunks = cut

    assert events_of(body, finish=finish) == events_of(*chunks, finish=finish)


def by_the_standard(body):
    """The events of a whole body, by the letter of the standard, and by the two rules of this API."""
    text = body.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found, data, name = [], [], ""
    for line in text.split(b"\n")[:-1]:
        field, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if not line:
            if data == [b"[DONE]"]:
                return found
            found += [sent(b"\n".join(data), name)] if any(data) or len(data) > 1 else []
            data, name = [], ""
        elif field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return found


@given(bodies)
def test_as_the_standard_has_it(body):
    """A parser that follows the standard line by line finds the same events."""
    assert by_the_standard(body) == events_of(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"data: 1\n\ndata: 2\n", [sent(b"1"), sent(b"2")]),
        (b"event: a\ndata: 2", [sent(b"2", "a")]),
        (b"event: a\r\ndata: 2\r", [sent(b"2", "a")]),
        (b"event: a\n", []),
        (b"data: [DONE]", []),
        (b"data: [DONE]\n\ndata: 1", []),
        (b": ping", []),
        (b"\xef\xbb", []),
        (b"\xef\xbb\xbfdata: 1", [sent(b"1")]),
        (b"", []),
    ],
)
def test_finish(body, expected):
    """A body that ended cleanly gives its last event also without a blank line, and without the end of its line."""
    assert expected == events_of(body, finish=True)


def test_finish_twice():
    """An event comes out once."""
    parser = EventParser()
    parser.feed(b"data: 1")

    assert [sent(b"1")] == parser.finish()
    assert [] == parser.finish()


def test_events_come_at_once():
    """An event is given as soon as its blank line is there, also when that ends with a CR that a LF may follow."""
    parser = EventParser()

    assert [] == parser.feed(b"data: 1\r\n")
    assert [sent(b"1")] == parser.feed(b"\r")
    assert [sent(b"2")] == parser.feed(b"\ndata: 2\r\n\r\n")


@pytest.mark.parametrize("body", [b"data: [DONE]\n\n", b"data: 1\n\ndata: [DONE]\n\ndata: 2\n\n", b"data: [DONE]\r\r"])
def test_done(body):
    """``done`` says that the server has said all."""
    parser = EventParser()

    parser.feed(body)

    assert parser.done


def test_done_at_the_end():
    """``[DONE]`` without a blank line is one at a clean end."""
    parser = EventParser()
    parser.feed(b"data: [DONE]")

    assert not parser.done
    assert [] == parser.finish()
    assert parser.done


def test_many_names():
    """More names than are remembered, and very long ones, are read all the same."""
    names = [f"n{i}" for i in range(1000)] + ["n" * 10_000]

    assert names == [e.event for e in events_of(b"".join(b"event: %s\ndata: 1\n\n" % n.encode() for n in names))]


class Steps:
    """Counts the lines of Python that run, and adds up what their functions are given: a measure of work."""

    def __init__(self):
        self.lines = self.bytes = 0

    def __call__(self, frame, event, _):
        if not frame.f_code.co_filename.endswith("sse.py"):
            return None
        if event == "call":
            self.bytes += sum(len(v) for v in frame.f_locals.values() if isinstance(v, bytes))
        self.lines += 1
        return self


def work(size, chunk):
    """Steps, and bytes handed on, for one event of so many bytes in chunks of a size."""
    body = b"event: response.completed\ndata: " + b"x" * size + b"\n\nevent: a\ndata: 1\n\n"
    parser, steps, before = EventParser(), Steps(), sys.gettrace()
    sys.settrace(steps)
    try:
        found = [event for i in range(0, len(body), chunk) for event in parser.feed(body[i : i + chunk])]
    finally:
        sys.settrace(before)
    assert [size, 1] == [len(event.data) for event in found]
    return steps


def test_a_large_event_takes_linear_time():
    """Twice the chunks of one event are twice the work: no byte is looked at again when the next chunk comes."""
    once, twice = work(1_000_000, 1000), work(2_000_000, 1000)

    assert twice.lines <= 2 * once.lines
    assert twice.bytes <= 2 * once.bytes
    assert twice.bytes < 5 * 2_000_000


def test_what_is_pending_is_counted_once():
    """How large an event is by now is asked for after every chunk, and each line is counted once."""
    parser, sizes = EventParser(), list[int]()
    for _ in range(3):
        parser.feed(b"data: 12345\ndata\ndata: 1")
        sizes.append(parser.pending)
        parser.feed(b"2345\n")
    assert [14, 27, 40] == sizes  # five bytes and an empty line, one more for each line; then what has no end yet
    parser.feed(b"\n")
    assert 0 == parser.pending


@pytest.mark.parametrize("chunk", [65_536, MANY * 2])
def test_an_image(chunk):
    """An event of 20 MB passes each function a bounded number of times."""
    assert work(MANY, chunk).bytes < 5 * MANY


@settings(max_examples=20)
@given(st.integers(1, 400), st.booleans())
def test_long_texts(size, crlf):
    """Whatever the size of the chunks, deltas come out whole and in their order."""
    end = b"\r\n" if crlf else b"\n"
    wanted = [sent(b'{"delta":"%d"}' % i, "response.output_text.delta") for i in range(40)]
    body = b"".join(b"event: %s%sdata: %s%s%s" % (e.event.encode(), end, e.data, end, end) for e in wanted)

    assert wanted == events_of(*(body[i : i + size] for i in range(0, len(body), size)))
