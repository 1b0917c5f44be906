"""One event is kept from the application, wherever the stream is cut; every other byte passes, and at once."""

from __future__ import annotations

import pytest

from proxy.call import Failure, Usage
from proxy.translate import DIALECTS
from proxy.upstream.withhold import WithholdingRelay, is_usage_only
from tests.upstream.lane import make_call
from tests.upstream.streams import DONE, ROLE, STOP, event, openai_chunk, openai_usage

OPENAI = DIALECTS["openai"]
USAGE = openai_usage(9, 2)
WORDS = [openai_chunk(content=f"word {number}") for number in range(5)]
#: Streams, and what the application gets of them.
STREAMS = {
    "with [DONE]": ([ROLE, *WORDS, STOP, USAGE, DONE], [ROLE, *WORDS, STOP, DONE]),
    "without": ([ROLE, *WORDS, STOP, USAGE], [ROLE, *WORDS, STOP]),
    "usage on the finish": (
        [
            ROLE,
            event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}}),
            DONE,
        ],
        [],
    ),
    "first chunk without choices": ([event({"choices": [], "usage": None}), ROLE, *WORDS, STOP, USAGE, DONE], []),
}


def passed(wire: bytes, size: int, through_sink: bool) -> tuple[bytes, WithholdingRelay]:
    relay = WithholdingRelay(OPENAI)
    said: list[bytes] = []
    take = relay.sink(said.append) if through_sink else lambda data: said.append(relay.feed(data))
    for start in range(0, len(wire), size):
        take(wire[start : start + size])
    said.append(relay.end())
    return b"".join(said), relay


@pytest.mark.parametrize("crlf", [False, True])
@pytest.mark.parametrize("name", ["with [DONE]", "without"])
def test_the_usage_chunk_is_kept_back_wherever_the_stream_is_cut(name: str, crlf: bool) -> None:
    sent, wanted = (b"".join(events) for events in STREAMS[name])
    if crlf:
        sent, wanted = sent.replace(b"\n", b"\r\n"), wanted.replace(b"\n", b"\r\n")
    for size in (1, 2, 7, 50, 333, len(sent)):
        for through_sink in (False, True):
            said, relay = passed(sent, size, through_sink)
            assert said == wanted
            assert relay.usage(make_call(stream=True)) == Usage(9, output=2)


@pytest.mark.parametrize("name", ["usage on the finish", "first chunk without choices"])
def test_anything_else_passes(name: str) -> None:
    sent = b"".join(STREAMS[name][0])
    said, _ = passed(sent, 11, True)
    assert said == sent.replace(USAGE, b"")


def test_until_the_model_has_finished_pieces_pass_at_once_whatever_they_are() -> None:
    relay = WithholdingRelay(OPENAI)
    assert relay.feed(ROLE) == ROLE
    assert relay.feed(WORDS[0][:9]) == WORDS[0][:9]
    assert relay.midway()


def test_after_that_whole_events_pass() -> None:
    relay = WithholdingRelay(OPENAI)
    assert relay.feed(ROLE + STOP + USAGE[:20]) == ROLE + STOP
    assert not relay.midway()
    assert relay.feed(USAGE[20:] + DONE) == DONE
    assert relay.end() == b""


def test_a_stream_that_was_cut_is_none_that_ended() -> None:
    relay = WithholdingRelay(OPENAI)
    relay.feed(ROLE + WORDS[0])
    with pytest.raises(Failure, match="provider_stream_cut"):
        relay.end()


@pytest.mark.parametrize("data", [b"[DONE]", b'{"choices":[],"usage":null}', b'{"usage":{}}', b"usage", b'["usage"]'])
def test_what_is_no_usage_chunk(data: bytes) -> None:
    assert not is_usage_only(b"data: " + data)
