"""A recorded answer is told to who may hear it, in every dialect; and only one that is whole may be kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.cache.recording import Recording
from proxy.call import Call, Target
from proxy.dialects.by_name import BY_NAME
from proxy.providers import Endpoint, all_providers
from proxy.translate import Rules
from proxy.upstream.playback import Playback, has_ended, streamed_whole
from tests.matrix.mutations import ANYTHING, events, mutations, replies
from tests.policies.racing import Heard
from tests.promises.dialects import TARGETS, WIRES, speaking_alone
from tests.promises.wires import OPENAI_USAGE, openai_chunk, openai_stream

PLAYER = Playback(Rules(), lambda: 7.0)
FEW = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
EACH = pytest.mark.parametrize("theirs", TARGETS)


def target(kind: str, name: str = "up", model: str = "m", rules: Rules | None = None) -> Target:
    return Target(name, model, Endpoint(name, kind, all_providers()[kind], "http://x"), rules)


def ask(ours: str = "openai", stream: bool = False, to: Target | None = None, **fields: Any) -> Call:
    json = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": stream, **fields}
    call = Call("second", ours, "chat", b"{}", json, "alias", stream, {}, cast(Any, Heard()), 5.0)
    call.targets = (to or target("openai"),)
    call.target = None
    return call


def record(call: Call, theirs: str, *pieces: bytes, limit: int = 1 << 20) -> Recording:
    made = Recording(limit, lambda: 0.0)
    first = ask(call.dialect, call.stream, call.targets[0])
    first.id, first.target = "first", call.targets[0]
    words = SimpleNamespace(theirs=BY_NAME[theirs], dropped=("top_k",), translated=("seed",))
    made.begin(first, words, 1_700_000_000)
    for piece in pieces:
        made.keep(piece)
    made.end()
    return made


def heard(call: Call) -> bytes:
    return b"".join(each for each in cast(Heard, call.client).heard if isinstance(each, bytes))


@EACH
@pytest.mark.parametrize("ours", TARGETS)
def test_it_is_told_in_every_dialect(ours: str, theirs: str) -> None:
    with speaking_alone():
        for stream in (False, True):
            call = ask(ours, stream, target(f"{theirs}_alone"))
            said = (
                WIRES[theirs].stream(["hello ", "there"]).events
                if stream
                else [orjson.dumps(WIRES[theirs].reply("hello there"))]
            )
            kept = record(call, theirs, *said)
            assert PLAYER.can_tell(call, kept)
            assert (call.target, call.dropped, call.translated) == (call.targets[0], ("top_k",), ("seed",))
            assert PLAYER.is_whole(kept)
            if stream:
                voice = PLAYER.voice(call, kept)
                PLAYER.start(call, kept)
                told = b"".join(map(voice.feed, kept.pieces)) + voice.end()
                assert WIRES[ours].hear(told).text == "hello there"
                assert call.ttft == 2.0
            else:
                PLAYER.tell_whole(call, kept)
                told = heard(call)
                assert WIRES[ours].text_of(orjson.loads(told)) == "hello there"
            if ours == theirs:
                assert told == kept.body
            else:
                assert b"second" not in told, "it is named after the call that it answered first"


def test_it_is_told_to_nobody_else() -> None:
    reply = orjson.dumps(WIRES["openai"].reply("hi"))
    kept = record(ask(), "openai", reply)
    assert PLAYER.can_tell(ask(), kept)
    for other in (
        ask(stream=True),
        ask(to=target("openai", name="other")),
        ask(to=target("openai", model="n")),
    ):
        assert not PLAYER.can_tell(other, kept)
        assert other.target is None
    kept.kind = "of_a_later_release"
    assert not PLAYER.can_tell(ask(), kept)


@pytest.mark.parametrize("asks", [False, True])
def test_usage_that_was_asked_for_on_the_operators_account_is_told_to_who_asked_for_it(asks: bool) -> None:
    wire = openai_stream("hi", usage=OPENAI_USAGE)
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if asks else {}
    call = ask(stream=True, to=target("openai", rules=Rules(ask_usage=True)), **options)
    kept = record(call, "openai", wire)
    assert PLAYER.can_tell(call, kept)
    voice = PLAYER.voice(call, kept)
    told = voice.feed(kept.body) + voice.end()
    assert (b'"usage":{' in told) == asks
    assert told.endswith(b"data: [DONE]\n\n")


def test_who_hears_the_same_bytes() -> None:
    keys = [
        PLAYER.voice_key(ask(stream=True)),
        PLAYER.voice_key(ask("anthropic", True)),
        PLAYER.voice_key(ask(stream=True, stream_options={"include_usage": True})),
        PLAYER.voice_key(ask("responses", True, user="a")),
        PLAYER.voice_key(ask("responses", True, user="b")),
        PLAYER.voice_key(ask("responses", True, metadata={"for": "b"})),
    ]
    assert len(set(keys)) == len(keys)
    assert PLAYER.voice_key(ask(stream=True, user="a")) == PLAYER.voice_key(ask(stream=True, user="b"))


@EACH
def test_where_a_stream_broke_off(theirs: str) -> None:
    with speaking_alone():
        same, other = (
            ask(ours, True, target(f"{theirs}_alone"))
            for ours in (theirs, "openai" if theirs != "openai" else "cohere")
        )
        said = WIRES[theirs].stream(["hello ", "there"])
        kept = record(same, theirs)
        whole = [*said.opening, said.words[0]]
        assert PLAYER.end_of(same, kept, whole) == (False, False)
        assert PLAYER.end_of(same, kept, [*whole, said.words[1][:-9]]) == (True, False)
        assert PLAYER.end_of(same, kept, None) == (True, False)
        for error in WIRES[theirs].errors.values():
            assert PLAYER.end_of(same, kept, [*whole, error.event]) == (False, True)
        assert PLAYER.end_of(other, kept, [*whole, said.words[1][:-9]]) == (False, False)


# ---- what is whole


@EACH
def test_a_stream_is_whole_with_its_last_event_and_not_before(theirs: str) -> None:
    dialect, said = BY_NAME[theirs], WIRES[theirs].stream(["hello ", "there"])
    assert streamed_whole(dialect, said.events)
    assert streamed_whole(dialect, [said.data[cut : cut + 7] for cut in range(0, len(said.data), 7)])
    for count in range(len(said.opening) + len(said.words)):
        assert not streamed_whole(dialect, said.events[:count])
    for error in WIRES[theirs].errors.values():
        assert not streamed_whole(dialect, [*said.opening, *said.words, error.event])
        assert not streamed_whole(dialect, [*said.opening, *said.words, error.event, *said.ending])


@pytest.mark.parametrize("reason", ["length", "content_filter", "error", "odd", None, [], 1])
def test_a_model_that_has_not_said_all_is_not_kept(reason: Any) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": reason}
    good = {**choice, "finish_reason": "stop"}
    assert has_ended([good])
    assert not has_ended([good, choice])
    assert not has_ended([])
    stream = openai_chunk({"content": "x"}) + openai_chunk({}, reason) + b"data: [DONE]\n\n"
    assert not streamed_whole(BY_NAME["openai"], [stream])


@EACH
def test_any_reply_is_whole_or_not(theirs: str) -> None:
    @FEW
    @given(mutations(replies(theirs)))
    def check(reply: Any) -> None:
        made = record(ask(theirs, False, target("openai")), theirs, b"{}")
        made.reply = reply if isinstance(reply, dict) else {"choices": [reply]}
        assert PLAYER.is_whole(made) in (True, False)

    check()


@EACH
def test_any_stream_is_whole_or_not(theirs: str) -> None:
    known = [data for _, data in events(theirs)]

    @FEW
    @given(
        st.lists(
            st.sampled_from(known) | ANYTHING.filter(lambda each: not isinstance(each, str)).map(orjson.dumps),
            max_size=6,
        )
    )
    def check(payloads: list[bytes]) -> None:
        assert streamed_whole(BY_NAME[theirs], [b"data: %b\n\n" % data for data in payloads]) in (True, False)

    check()
