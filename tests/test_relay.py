"""The caller's bytes under another model's name, and with a report of tokens asked for: nothing else changes."""

from typing import cast

import orjson
import pytest

from proxy.call import Call, Client, Failure, Json
from proxy.providers import all_providers
from proxy.relay import asking_usage, encode, lacks_usage, relayed_body
from proxy.translate import DIALECTS

ASKING = b'"stream_options":{"include_usage":true}'


class NoClient:
    """Nobody: nothing is answered here."""


def call_of(body: bytes, stream: bool = False) -> Call:
    wire = orjson.loads(body)
    return Call("id", "openai", "chat", body, wire, wire["model"], stream, {}, cast(Client, NoClient()))


def relayed(body: bytes) -> bytes:
    return relayed_body(call_of(body), "gpt-4o", DIALECTS["openai"])


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ('{"model":"fast","messages":[M]}', '{"model":"gpt-4o","messages":[M]}'),
        ('{"model": "fast", "messages": [M]}', '{"model": "gpt-4o", "messages": [M]}'),
        ('{"model"\n:\t"fast","messages":[M]}', '{"model"\n:\t"gpt-4o","messages":[M]}'),
        ('{"messages":[M],"model":"f\\u0061st"}', '{"messages":[M],"model":"gpt-4o"}'),
        (
            '{"metadata":{"model":"fast"},"messages":[M],"model":"fast"}',
            '{"metadata":{"model":"fast"},"messages":[M],"model":"gpt-4o"}',
        ),
        ('{"mod\\u0065l":"fast","messages":[M]}', '{"mod\\u0065l":"gpt-4o","messages":[M]}'),
        (
            '{"x":{"model":"fast"},"mod\\u0065l":"fast","messages":[M]}',
            '{"x":{"model":"fast"},"mod\\u0065l":"gpt-4o","messages":[M]}',
        ),
        ('{"model":"a","model":"fast","messages":[M]}', '{"model":"gpt-4o","model":"gpt-4o","messages":[M]}'),
        (
            '{"model":"a","mod\\u0065l":"fast","messages":[M]}',
            '{"model":"gpt-4o","mod\\u0065l":"gpt-4o","messages":[M]}',
        ),
    ],
)
def test_the_name_is_found_however_it_is_spelled(body: str, sent: str) -> None:
    message = '{"role":"user","content":"\\"model\\":\\"fast\\""}'
    assert relayed(body.replace("M", message).encode()) == sent.replace("M", message).encode()


def test_a_name_stands_in_words_too() -> None:
    body = orjson.dumps({"messages": [{"role": "user", "content": '"model":"fast"'}], "model": "fast"})
    assert orjson.loads(relayed(body)) == {**orjson.loads(body), "model": "gpt-4o"}


def test_a_model_that_keeps_its_name_or_has_it_in_the_path_costs_nothing() -> None:
    call = call_of(b'{"model":"fast"}')
    assert relayed_body(call, "fast", DIALECTS["openai"]) is call.body
    assert relayed_body(call, "other", DIALECTS["gemini"]) is call.body


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b' {"model":"m", "x":1.0}', b' {%b,"model":"m", "x":1.0}' % ASKING),
        (b'{"stream_options": {} ,"model":"m"}', b'{"stream_options": {"include_usage":true} ,"model":"m"}'),
        (b'{"stream_options":null,"model":"m"}', b'{%b,"model":"m"}' % ASKING),
    ],
)
def test_usage_is_asked_for_and_every_other_byte_stays(body: bytes, sent: bytes) -> None:
    assert asking_usage(call_of(body, stream=True), body) == sent


@pytest.mark.parametrize(
    ("options", "stream", "kind", "lacks"),
    [
        (None, True, "openai", True),
        ({"include_usage": False}, True, "openai", True),
        ({"include_usage": True}, True, "openai", False),
        (None, False, "openai", False),
        (None, True, "anthropic", False),
    ],
)
def test_which_streams_lack_usage(options: Json | None, stream: bool, kind: str, lacks: bool) -> None:
    call = call_of(orjson.dumps({"model": "m", "stream_options": options}), stream)
    assert lacks_usage(call, all_providers()[kind]) is lacks


def test_what_is_nested_too_deeply_is_a_failure_of_the_given_kind() -> None:
    deep: Json = {}
    for _ in range(300):
        deep = {"a": deep}
    with pytest.raises(Failure, match="the reply is nested too deeply") as raised:
        encode(deep, "provider_error", "the reply")
    assert raised.value.kind == "provider_error"
