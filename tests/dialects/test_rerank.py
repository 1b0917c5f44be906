"""Reranking from one side's words to the other's, and what either side may get wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.rerank import (
    parse_reply,
    parse_request,
    parse_usage,
    render_cohere,
    render_common,
    render_reply,
)

ASKED: Json = {"model": "r", "query": "q", "documents": ["a", {"text": "b", "id": "x"}]}
RESULT = {"index": 1, "relevance_score": 0.5}


def test_documents_are_texts() -> None:
    assert parse_request(ASKED | {"top_n": 2}) == {"model": "r", "query": "q", "texts": ["a", "b"], "top_n": 2}


WRONG: dict[str, tuple[Json, str]] = {
    "no query": ({"query": None}, "query"),
    "a number for a query": ({"query": 1}, "query"),
    "no documents": ({"documents": None}, "documents"),
    "none of them": ({"documents": []}, "documents"),
    "a number for a document": ({"documents": ["a", 1]}, "documents[1]"),
    "a document without text": ({"documents": [{"title": "a"}]}, "documents[0].text"),
    "top_n of zero": ({"top_n": 0}, "top_n"),
    "top_n of a word": ({"top_n": "1"}, "top_n"),
    "top_n of truth": ({"top_n": True}, "top_n"),
    "no tokens": ({"max_tokens_per_doc": -1}, "max_tokens_per_doc"),
    "return_documents of a word": ({"return_documents": "yes"}, "return_documents"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_a_request_is_named(case: str) -> None:
    change, param = WRONG[case]
    with pytest.raises(Failure) as caught:
        parse_request(ASKED | change)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_a_request_in_common_words() -> None:
    unified = parse_request(
        ASKED | {"top_n": 1, "max_tokens_per_doc": 9, "rank_fields": ["x"], "return_documents": True}
    )
    wire, dropped = render_common(unified, "m")[:2]
    assert wire == {"model": "m", "query": "q", "top_n": 1, "documents": ["a", "b"]}
    assert sorted(dropped) == ["max_tokens_per_doc", "rank_fields"]


def test_a_request_in_cohere_s() -> None:
    unified = parse_request(ASKED | {"max_tokens_per_doc": 9, "priority": 1, "rank_fields": None, "timeout": 3})
    wire, dropped = render_cohere(unified, "m")[:2]
    assert wire == {"model": "m", "query": "q", "max_tokens_per_doc": 9, "priority": 1, "documents": ["a", "b"]}
    assert dropped == []


REPLIES: dict[str, tuple[Json, Json]] = {
    "cohere": ({"id": "1", "results": [RESULT], "meta": {"x": 1}}, {"id": "1", "results": [RESULT], "meta": {"x": 1}}),
    "voyage": (
        {"object": "list", "data": [RESULT | {"document": "b"}], "model": "r", "usage": {"total_tokens": 26}},
        {"results": [RESULT], "model": "r", "usage": {"total_tokens": 26}},
    ),
    "none": ({"results": []}, {"results": []}),
    "a whole score": (
        {"results": [{"index": 0, "relevance_score": 1}]},
        {"results": [{"index": 0, "relevance_score": 1}]},
    ),
}


@pytest.mark.parametrize("case", REPLIES)
def test_replies_of_everyone_are_one(case: str) -> None:
    wire, unified = REPLIES[case]
    assert parse_reply(wire) == unified


@pytest.mark.parametrize(
    "wire",
    [
        {},
        {"results": {}},
        {"results": [1]},
        {"results": [{"index": 1}]},
        {"results": [{"index": "1", "relevance_score": 1}]},
        {"results": [{"index": 1, "relevance_score": True}]},
        {"data": None},
        [],
        None,
    ],
)
def test_a_reply_that_is_no_list_of_results_is_the_provider_s_fault(wire: Any) -> None:
    with pytest.raises(Failure) as caught:
        parse_reply(wire)
    assert caught.value.kind == "provider_error"


def test_a_reply_in_cohere_s_words() -> None:
    unified = {"results": [RESULT], "model": "r", "usage": {"total_tokens": 26}}
    said = render_reply(unified, parse_request(ASKED))
    assert said == {"id": "", "meta": {"api_version": {"version": "2"}}, **unified}


def test_documents_come_back_where_they_were_asked_for() -> None:
    said = render_reply({"results": [RESULT]}, parse_request(ASKED | {"return_documents": True}))
    assert said["results"] == [RESULT | {"document": {"text": "b"}}]


@pytest.mark.parametrize("index", [-1, 2])
def test_a_result_about_no_document_is_the_provider_s_fault(index: int) -> None:
    request = parse_request(ASKED | {"return_documents": True})
    with pytest.raises(Failure, match=f"no document {index}") as caught:
        render_reply({"results": [RESULT | {"index": index}]}, request)
    assert caught.value.kind == "provider_error"


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"total_tokens": 26}, Usage(26)),
        ({"total_tokens": -1}, None),
        ({"total_tokens": True}, None),
        ({}, None),
        (1, None),
    ],
)
def test_tokens_where_they_are_counted(usage: Any, counted: Usage | None) -> None:
    assert parse_usage({"usage": usage}) == counted


@pytest.mark.parametrize(
    ("wire", "counted"),
    [
        ({"meta": {"billed_units": {"search_units": 2}}}, Usage(searches=2)),
        ({"usage": {"total_tokens": 9, "search_units": 1, "cost": 0.002}}, Usage(9, searches=1, cost=Decimal("0.002"))),
        ({"meta": {"billed_units": {"search_units": -2}}}, None),
        ({"meta": {"billed_units": [2]}}, None),
        ({"meta": 2}, None),
    ],
)
def test_searches_where_they_are_billed(wire: Json, counted: Usage | None) -> None:
    assert parse_usage(wire) == counted
    assert "usage" not in parse_reply({"results": [], "meta": wire.get("meta")})
