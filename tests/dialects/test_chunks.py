"""Chunks have one shape, whoever makes them."""

from proxy.call import Usage
from proxy.dialects.chunks import MARK, chunk_of, head_of, say_between, usage_chunk

HEAD = {"id": "a", "object": "chat.completion.chunk", "created": 5, "model": "m"}


def test_a_chunk_says_what_changed() -> None:
    head = head_of("a", "m", 5)
    assert head == HEAD
    assert chunk_of(head, {"content": "x"}) == {
        **HEAD,
        "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}],
    }


def test_the_last_of_a_choice_says_how_it_ended() -> None:
    ended = {"finish_reason": "stop", "native_finish_reason": "STOP"}
    assert chunk_of(HEAD, {}, 1, **ended)["choices"] == [{"index": 1, "delta": {}, **ended}]


def test_the_last_of_a_stream_counts_the_tokens() -> None:
    usage = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    assert usage_chunk(HEAD, Usage(2, output=3)) == {**HEAD, "choices": [], "usage": usage}


def test_a_text_takes_the_place_of_the_mark() -> None:
    say = say_between(b'100%% of {"text":"' + MARK.encode() + b'"} %b')
    assert say is not None
    assert say(b"a %d") == b'100%% of {"text":"a %d"} %b'


def test_a_mark_that_is_there_twice_or_not_at_all_says_nothing() -> None:
    assert say_between(b"") is None
    assert say_between(MARK.encode() * 2) is None
