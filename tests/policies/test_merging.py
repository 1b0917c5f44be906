"""Which calls may go up as one, what is then asked, and whose which part of the answer is."""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import Client, Failure, Json, Route
from proxy.policies.merging import group_of, inputs_of, merge, parts, unsaid
from tests.policies.clocked import target
from tests.policies.embedding import embedding, reply, vector

A, B = target("a"), target("b")
NOBODY = cast(Client, None)


def same(*pairs: dict[str, Any]) -> bool:
    """Whether calls that differ so go together."""
    common: dict[str, Any] = {"targets": (A,), "target": A}
    first, second = (group_of(embedding("x", **common | fields)) for fields in pairs)
    assert first is not None
    assert second is not None
    return first == second and hash(first) == hash(second)


ROUTE = Route("alias")
DIFFERENCES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the model": ({"model": "one"}, {"model": "two"}),
    "a target": ({}, {"targets": (B,), "target": B}),
    "more targets": ({}, {"targets": (A, B)}),
    "the way": ({"route": ROUTE}, {"route": Route("alias")}),
    "dimensions": ({"json": {"dimensions": 8}}, {"json": {"dimensions": 9}}),
    "no dimensions": ({"json": {"dimensions": 8}}, {}),
    "an encoding": ({"json": {"encoding_format": "base64"}}, {}),
    "a use": ({"json": {"input_type": "query"}}, {"json": {"input_type": "document"}}),
    "a user": ({"json": {"user": "u"}}, {"json": {"user": "v"}}),
    "fallbacks": ({"json": {"fallbacks": ["x:y"]}}, {}),
    "a field that nobody knows": ({"json": {"later": {"a": 1}}}, {"json": {"later": {"a": 2}}}),
    "tokens": ({"json": {"input": [1, 2]}}, {}),
    "a tenant": ({"caller": {"x-tenant": "a"}}, {"caller": {"x-tenant": "b"}}),
    "no tenant": ({"caller": {"x-tenant": "a"}}, {}),
    "credentials": ({"caller": {"authorization": "Bearer a"}}, {"caller": {"authorization": "Bearer b"}}),
    "an SDK's second attempt": ({"caller": {"x-stainless-retry-count": "1"}}, {}),
    "a dialect and its own field": (
        {"dialect": "ollama", "json": {"keep_alive": "5m"}},
        {"dialect": "openai", "json": {"keep_alive": "5m"}},
    ),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_who_stays_apart(difference: str) -> None:
    assert not same(*DIFFERENCES[difference])


ALIKE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another text": ({"json": {"input": "a"}}, {"json": {"input": ["b", "c"]}}),
    "lists of tokens": ({"json": {"input": [1, 2]}}, {"json": {"input": [[3], [4, 5]]}}),
    "ids and traces": (
        {"caller": {"x-request-id": "1", "traceparent": "00-1", "X-B3-TraceId": "f", "content-length": "9"}},
        {"caller": {"X-Request-Id": "2", "user-agent": "curl"}},
    ),
    "headers in another order": ({"caller": {"x-a": "1", "x-b": "2"}}, {"caller": {"X-B": "2", "X-A": "1"}}),
    "floats, said or not": ({"json": {"encoding_format": "float"}}, {"json": {"user": None}}),
    "its own timeout": ({"json": {"timeout": 3}}, {"json": {"cache": {"mode": "bypass"}}}),
    "fields in another order": (
        {"json": {"dimensions": 8, "user": "u"}},
        {"json": {"user": "u", "dimensions": 8}},
    ),
    "another dialect": ({"dialect": "gemini", "json": {"stream": False}}, {"dialect": "ollama"}),
    "another dialect that says as much": (
        {"dialect": "gemini_one", "json": {"input_type": "search_query"}},
        {"dialect": "cohere", "json": {"input_type": "search_query", "encoding_format": "float"}},
    ),
}


@pytest.mark.parametrize("likeness", ALIKE)
def test_who_goes_together(likeness: str) -> None:
    assert same(*ALIKE[likeness])


DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "fields",
    [
        {"stream": True},
        {"changed": ("user",)},
        {"dialect": "ollama_legacy"},
        {"json": {"input": None, "images": ["data:..."]}},
        {"json": {"embedding_types": ["int8", "float"]}},
        {"json": {"input": []}},
        {"json": {"input": ["text", [1]]}},
        {"json": {"deep": DEEP}},
    ],
    ids=["stream", "changed", "older path", "images", "types", "nothing", "texts and tokens", "too deep"],
)
def test_who_goes_alone(fields: dict[str, Any]) -> None:
    assert group_of(embedding("x", **fields)) is None


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        ("a", ["a"]),
        ("", [""]),
        (["a", "b"], ["a", "b"]),
        ([1, 2, 3], [[1, 2, 3]]),
        ([[1, 2], [3]], [[1, 2], [3]]),
        (None, []),
    ],
)
def test_a_list_of_tokens_is_one_input(given: Any, inputs: list[Any]) -> None:
    assert inputs_of({"input": given}) == inputs


def test_the_merged_call() -> None:
    headers = {"x-tenant": "t", "x-request-id": "1", "Content-Length": "7"}
    more: dict[str, Any] = {"json": {"dimensions": 3, "timeout": 9, "encoding_format": "float"}, "caller": headers}
    calls = [
        embedding("a", deadline=5.0, tokens=1, **more),
        embedding("b", "c", deadline=9.0, tokens=4, number=1, **more),
    ]
    group = group_of(calls[0])
    assert group is not None
    merged = merge(calls, group, NOBODY, 77.0)
    assert merged.json == {"model": "alias", "dimensions": 3, "input": ["a", "b", "c"]}
    assert orjson.loads(merged.body) == merged.json
    assert (merged.id, merged.dialect, merged.operation, merged.changed) == ("batch-id-0", "openai", "embeddings", ())
    assert (merged.deadline, merged.started, merged.tokens, merged.caller) == (9.0, 77.0, 5, {"x-tenant": "t"})
    assert (merged.targets, merged.target) == (calls[0].targets, calls[0].target)


def test_one_without_a_deadline_lets_the_merged_call_have_none() -> None:
    calls = [embedding("a", deadline=5.0), embedding("b")]
    group = group_of(calls[0])
    assert group is not None
    merged = merge(calls, group, NOBODY, 0.0)
    assert (merged.deadline, merged.tokens) == (None, None)


def test_what_another_dialect_says_is_not_relayed() -> None:
    call = embedding("a", dialect="gemini_one", json={"title": "t"})
    group = group_of(call)
    assert group is not None
    merged = merge([call, call], group, NOBODY, 0.0)
    assert (merged.dialect, merged.changed) == ("openai", ("input",))
    assert merged.json == {"model": "alias", "title": "t", "input": ["a", "a"]}


# ---- the answer

TEXTS = st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=4), min_size=1, max_size=8)


@given(TEXTS, st.randoms(use_true_random=False))
def test_each_gets_what_it_would_get_alone_in_whatever_order_it_comes(asked: list[list[str]], dice: Any) -> None:
    whole = reply(*[text for texts in asked for text in texts])
    dice.shuffle(whole["data"])
    weights = [len(texts) for texts in asked]
    found = parts(whole, weights, weights)
    for texts, part in zip(asked, found, strict=True):
        assert part["data"] == reply(*texts)["data"]
        assert {name: part[name] for name in ("object", "model")} == {"object": "list", "model": "m"}
    for name in ("prompt_tokens", "total_tokens"):
        assert sum(part["usage"][name] for part in found) == whole["usage"][name]


def test_tokens_by_length() -> None:
    whole = {**reply("a", "b"), "usage": {"prompt_tokens": 10, "total_tokens": 11, "details": {"x": 1}, "cost": 0.5}}
    first, second = parts(whole, [1, 1], [3, 1])
    assert first["usage"] == {"prompt_tokens": 8, "total_tokens": 8}
    assert second["usage"] == {"prompt_tokens": 2, "total_tokens": 3}


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -1}, {"prompt_tokens": "7"}, 7])
def test_a_usage_that_says_nothing_is_left_out(usage: Any) -> None:
    assert all("usage" not in part for part in parts({**reply("a", "b"), "usage": usage}, [1, 1], [1, 1]))


def with_indexes(*indexes: Any) -> Json:
    entries = [{"embedding": [1.0]} if index is None else {"embedding": [1.0], "index": index} for index in indexes]
    return {"data": entries}


@pytest.mark.parametrize(
    "unified",
    [
        with_indexes(0),
        with_indexes(0, 1, 2),
        with_indexes(0, 0),
        with_indexes(1, 2),
        with_indexes(0, "1"),
        with_indexes(False, True),
        {"data": None},
        {},
    ],
    ids=["too few", "too many", "doubled", "from one on", "a word", "flags", "null", "absent"],
)
def test_anything_but_one_vector_for_each_input_is_nobodys_answer(unified: Json) -> None:
    with pytest.raises(Failure, match="provider_error"):
        parts(unified, [1, 1], [1, 1])


def test_without_indexes_the_order_counts() -> None:
    data = [{"embedding": vector("a")}, {"embedding": vector("b")}]
    first, second = parts({"data": data}, [1, 1], [1, 1])
    assert first["data"] == [{"embedding": vector("a"), "index": 0}]
    assert second["data"] == [{"embedding": vector("b"), "index": 0}]


def test_a_failure_for_each() -> None:
    failure = Failure("provider_rate_limited", "slow down", retry_after=3.0, provider_status=429, provider_body=b"{}")
    failure.param, failure.code, failure.headers, failure.told = "input", "busy", (("x-ratelimit-a", "1"),), True
    copied = unsaid(failure)
    assert copied is not failure
    assert copied.__traceback__ is None
    assert copied.told is False
    names = ("kind", "detail", "status", "param", "code", "retry_after", "provider_status", "provider_body", "headers")
    assert [getattr(copied, name) for name in names] == [getattr(failure, name) for name in names]
