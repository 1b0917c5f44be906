"""What an attempt sends: the caller's own bytes where both sides speak alike, and otherwise a request that names what it lost."""

from collections.abc import Mapping
from typing import Any, cast

import orjson
import pytest

from proxy.call import Call, Client, Failure, Json
from proxy.dialects.ids import pack_signature
from proxy.providers import Endpoint, Provider, all_providers
from proxy.translate import DIALECTS, Plan, Rules, Unsupported, has_way, plan, to_fetch

HELLO: Json = {"role": "user", "content": "h\u00e9llo"}
SPELLED = (
    b'{ "messages":[{"role":"user","content":"h\\u00e9llo \\/"}],\n "model":"fast" , "temperature":1.0,"x":[1e2] }'
)


class NoClient:
    """Nobody: a plan is made before anyone is answered."""


CLIENT = cast(Client, NoClient())


def call_of(body: bytes, dialect: str = "openai") -> Call:
    wire = orjson.loads(body)
    client = cast(Client, NoClient())
    return Call("id", dialect, "chat", body, DIALECTS[dialect].parse_request(wire), wire["model"], False, {}, client)


def endpoint_of(provider: Provider | str) -> Endpoint:
    found = all_providers()[provider] if isinstance(provider, str) else provider
    return Endpoint("there", "kind", found, "https://x", "key")


def plan_for(
    body: Mapping[str, Any] | bytes,
    provider: Provider | str = "openai",
    model: str = "gpt-4o",
    unsupported: Unsupported = "warn",
) -> Plan:
    raw = body if isinstance(body, bytes) else orjson.dumps({"model": "fast", "messages": [HELLO], **body})
    call = call_of(raw)
    made = plan(call, endpoint_of(provider), model, Rules(unsupported))
    assert call.body is raw
    assert call.json == orjson.loads(raw)
    return made


# ---- relays


def test_a_relay_sends_the_callers_own_bytes() -> None:
    made = plan_for(SPELLED, model="fast")
    assert made.relay
    assert made.body == SPELLED
    assert (made.ours.name, made.theirs.name, list(made.dropped)) == ("openai", "openai", [])


def test_a_relay_under_another_name_changes_the_name_and_nothing_else() -> None:
    made = plan_for(SPELLED, model='gpt "4"')
    assert made.relay
    assert made.body == SPELLED.replace(b'"fast"', b'"gpt \\"4\\""')


# ---- said anew


@pytest.mark.parametrize(
    ("fields", "sent", "dropped"),
    [
        ({"timeout": 5}, {}, []),
        ({"cache": False, "fallbacks": ["a"]}, {}, []),
        ({"stop_sequences": ["a"]}, {"stop": ["a"]}, []),
        ({"top_k": 5}, {}, ["top_k"]),
        ({"timeout": 5, "cache_control": {"type": "ephemeral"}}, {}, ["cache_control"]),
    ],
)
def test_our_extras_are_said_anew_and_the_reply_is_relayed_still(fields: Json, sent: Json, dropped: list[str]) -> None:
    made = plan_for({**fields, "seed": 7})
    assert orjson.loads(made.body) == {"model": "gpt-4o", "messages": [HELLO], "seed": 7, **sent}
    assert made.dropped == dropped
    assert made.relay


def test_blocks_that_only_the_hub_knows_are_taken_out() -> None:
    answer = {"role": "assistant", "content": "a", "thinking_blocks": [{"type": "thinking"}]}
    made = plan_for({"messages": [HELLO, answer, HELLO]})
    assert orjson.loads(made.body)["messages"] == [HELLO, {"role": "assistant", "content": "a"}, HELLO]
    assert made.dropped == ["messages.thinking_blocks"]


def test_another_dialect() -> None:
    made = plan_for({"system": "be brief", "max_tokens": 5, "seed": 7}, "anthropic", "claude-sonnet-4-5")
    assert not made.relay
    assert (made.ours.name, made.theirs.name) == ("openai", "anthropic")
    sent = orjson.loads(made.body)
    assert (sent["model"], sent["system"], sent["max_tokens"]) == ("claude-sonnet-4-5", "be brief", 5)
    assert made.dropped == ["seed"]


@pytest.mark.parametrize("unsupported", ["warn", "drop"])
def test_what_cannot_be_said_is_left_out(unsupported: Unsupported) -> None:
    made = plan_for({"top_k": 5}, unsupported=unsupported)
    assert made.dropped == ["top_k"]


def test_what_cannot_be_said_is_refused_where_that_is_the_rule() -> None:
    with pytest.raises(Failure) as caught:
        plan_for({"top_k": 5, "container": "c"}, unsupported="reject")
    failure = caught.value
    assert (failure.kind, failure.param) == ("unsupported_capability", "container")
    assert failure.detail == "there cannot honour container, top_k"
    assert plan_for({"timeout": 5}, unsupported="reject").dropped == []


def test_what_is_nested_too_deeply_to_be_said_anew_is_the_callers_mistake() -> None:
    deep = b'{"model":"fast","messages":[{"role":"user","content":"a"}],"x":%b,"timeout":5}' % (b"[" * 900 + b"]" * 900)
    with pytest.raises(Failure) as caught:
        plan_for(deep)
    assert caught.value.kind == "invalid_request"
    relayed = deep.replace(b',"timeout":5', b"")
    assert plan_for(relayed, model="fast").body == relayed


# ---- what a provider file says


def quirky(**quirks: Any) -> Provider:
    return Provider("openai", "https://docs", "https://x", **quirks)


def test_what_a_provider_accepts_is_relayed() -> None:
    provider = quirky(accepts=frozenset({"top_k"}))
    body = b'{"model":"fast", "messages":[{"role":"user","content":"a"}],"top_k":5 }'
    assert plan_for(body, provider, "fast").body == body
    made = plan_for({"top_k": 5, "timeout": 3}, provider)
    assert (orjson.loads(made.body)["top_k"], made.dropped) == (5, [])
    assert "timeout" not in orjson.loads(made.body)


def test_what_a_provider_refuses_is_left_out_and_named() -> None:
    provider = quirky(refuses=frozenset({"logprobs", "seed"}))
    made = plan_for({"logprobs": True, "seed": 7, "n": 1}, provider)
    assert orjson.loads(made.body) == {"model": "gpt-4o", "messages": [HELLO], "n": 1}
    assert made.dropped == ["logprobs", "seed"]
    assert plan_for(SPELLED, provider, "fast").body == SPELLED


def test_what_a_provider_spells_differently() -> None:
    provider = quirky(renames={"max_completion_tokens": "max_tokens"})
    made = plan_for({"max_completion_tokens": 5}, provider)
    assert orjson.loads(made.body) == {"model": "gpt-4o", "messages": [HELLO], "max_tokens": 5}
    assert made.dropped == []
    assert plan_for(SPELLED, provider, "fast").body == SPELLED


# ---- rules, own fields, signatures


def across(target: str, dialect: str = "openai", rules: Rules | None = None, **fields: Any) -> Plan:
    """A chat in one dialect's unified form, planned for a provider of another."""
    unified = {"model": "fast", "messages": [HELLO], **fields}
    call = Call("id", dialect, "chat", orjson.dumps(unified), unified, "fast", bool(fields.get("stream")), {}, CLIENT)
    return plan(call, endpoint_of(target), "m", rules or Rules())


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": {"type": "json_object"}, "tools": [{"name": "f"}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"store": True},
    ],
)
def test_what_changes_the_meaning_is_refused_unless_the_operator_says_otherwise(fields: Json) -> None:
    name = next(iter(fields))
    target = "anthropic" if name == "response_format" else "gemini"
    with pytest.raises(Failure) as caught:
        across(target, **fields)
    assert caught.value.kind == "unsupported_capability"
    assert (caught.value.param or "").startswith(name)
    for lenient in ("drop", "warn"):
        assert any(dropped.startswith(name) for dropped in across(target, rules=Rules(lenient), **fields).dropped)


def test_niceties_are_dropped_by_name() -> None:
    assert list(across("anthropic", seed=7, logit_bias={"5": 1}).dropped) == ["seed", "logit_bias"]


@pytest.mark.parametrize("theirs", ["openai", "anthropic", "cohere", "ollama"])
def test_fields_of_another_dialect_go_nowhere_else(theirs: str) -> None:
    made = across(theirs, dialect="gemini", safetySettings=[{"category": "x"}], labels={})
    assert "safetySettings" in made.dropped
    assert "labels" not in made.dropped
    assert b"safetySettings" not in made.body
    assert b"safetySettings" in across("gemini", dialect="openai", safetySettings=[{"category": "x"}]).body


def test_what_lies_with_another_provider_is_refused_whatever_the_rule() -> None:
    for rule in ("auto", "drop", "warn", "reject"):
        with pytest.raises(Failure) as caught:
            across("groq", dialect="responses", rules=Rules(rule), previous_response_id="resp_1")
        assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "previous_response_id")


def test_a_translated_stream_asks_for_its_usage_where_that_can_be_asked() -> None:
    assert orjson.loads(across("openai", "anthropic", stream=True).body)["stream_options"] == {"include_usage": True}
    assert b"stream_options" not in across("openai", "anthropic").body
    silent = Provider("openai", "https://docs", "https://x")
    call = Call("id", "anthropic", "chat", b"{}", {"model": "f", "messages": [HELLO]}, "f", True, {}, CLIENT)
    assert b"stream_options" not in plan(call, endpoint_of(silent), "m", Rules()).body


def signed_turn(dialect_id: str) -> list[Json]:
    called = {"id": dialect_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return [
        HELLO,
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": dialect_id, "content": "1"},
    ]


def test_a_signature_in_an_id_is_taken_out_before_anyone_is_asked() -> None:
    packed = pack_signature("call_1", "c2ln")
    for target in ("openai", "anthropic", "cohere"):
        made = across(target, messages=signed_turn(packed))
        assert packed.encode() not in made.body
        assert b"call_1" in made.body
        assert "messages.thought_signature" in made.dropped
    assert (
        orjson.loads(across("gemini", messages=signed_turn(packed)).body)["contents"][1]["parts"][0]["thoughtSignature"]
        == "c2ln"
    )


def test_a_call_that_does_not_ask_for_a_chat_has_a_way_or_none() -> None:
    call = Call("id", "openai", "embeddings", b"{}", {"model": "f", "input": "a"}, "f", False, {}, CLIENT)
    assert plan(call, endpoint_of("gemini"), "m", Rules()).path.endswith(":batchEmbedContents")
    assert has_way(call, all_providers()["openai"])
    assert not has_way(call, all_providers()["anthropic"])
    with pytest.raises(Failure, match="has no embeddings"):
        plan(call, endpoint_of("anthropic"), "m", Rules())


def test_only_what_a_provider_cannot_take_by_address_is_fetched() -> None:
    body = orjson.dumps({"model": "f", "messages": [HELLO], "image_url": "http://x"})
    call = Call("id", "openai", "chat", body, {}, "f", False, {}, CLIENT)
    assert to_fetch(call, all_providers()["bedrock"]) == {"image"}
    assert to_fetch(call, all_providers()["anthropic"]) == frozenset()
    call.body = body.replace(b"http", b"file")
    assert to_fetch(call, all_providers()["bedrock"]) == frozenset()
