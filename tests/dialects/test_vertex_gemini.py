"""Vectors by `predict` and counts without a wrapper, as they were recorded and as Google's own library says them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from google import genai
from google.auth import credentials as google_auth
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json, Usage
from proxy.dialects import gemini
from proxy.dialects.vertex_gemini import COUNT, DIALECT, PREDICT

MODEL = "text-embedding-005"
HI = {"role": "user", "content": "hi"}


@pytest.fixture
def recorded(recordings: Path) -> Json:
    [path] = (recordings / "vertex").glob("embeddings-*.json")
    found: Json = orjson.loads(path.read_bytes())
    return found


def test_a_recorded_question_comes_back(recorded: Json) -> None:
    question = recorded["request"]["json"]
    unified = PREDICT.parse_request(question)
    assert unified == {"input": [question["instances"][0]["content"]], "dimensions": 768}
    assert PREDICT.render_request(unified, MODEL) == (question, [], ())


def test_a_recorded_answer_goes_through_the_hub(recorded: Json) -> None:
    answer = recorded["response"]["json"]
    unified = PREDICT.parse_reply(answer)
    assert unified["data"][0]["embedding"] == answer["predictions"][0]["embeddings"]["values"]
    assert unified["usage"] == {"prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10}
    assert PREDICT.parse_usage(answer) == Usage(input=10)
    assert PREDICT.render_reply(unified, {}) == {"predictions": answer["predictions"]}
    assert DIALECT.usage_mark in orjson.dumps(answer)


def asked_by_google(ask: Callable[[genai.Client], Any]) -> tuple[str, Json]:
    """What Google's own library says, and where."""
    said: list[tuple[str, Json]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        said.append((request.url.path, orjson.loads(request.content)))
        return httpx.Response(400, json={"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        options = genai.types.HttpOptions(httpx_client=http)
        maker: Any = google_auth.AnonymousCredentials
        credentials = maker()
        credentials.token = "t"
        with pytest.raises(genai.errors.ClientError):
            ask(genai.Client(vertexai=True, project="p", location="l", credentials=credentials, http_options=options))
    return said[0]


def test_google_s_library_asks_for_vectors_alike() -> None:
    config = genai.types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", output_dimensionality=64)
    path, wire = asked_by_google(
        lambda client: client.models.embed_content(model=MODEL, contents=["a", "b"], config=config)
    )
    unified = {"model": "x", "input": ["a", "b"], "input_type": "search_query", "dimensions": 64}
    assert path.endswith(f"/publishers/google/models/{MODEL}:predict")
    assert PREDICT.render_request(unified, MODEL).wire == wire
    assert PREDICT.parse_request(wire) == {name: value for name, value in unified.items() if name != "model"}


def test_google_s_library_counts_alike() -> None:
    config = genai.types.CountTokensConfig(system_instruction="be brief")
    path, wire = asked_by_google(
        lambda client: client.models.count_tokens(model="gemini-2.5-flash", contents="hi", config=config)
    )
    unified = {"model": "x", "messages": [{"role": "system", "content": "be brief"}, HI]}
    mine = COUNT.render_request(unified, "gemini-2.5-flash").wire
    assert path.endswith("/publishers/google/models/gemini-2.5-flash:countTokens")
    wire["systemInstruction"].pop("role")
    assert mine == wire


def test_what_does_not_bear_on_a_count_is_left_out() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    unified = {"model": "x", "messages": [HI], "tools": [tool], "tool_choice": "required", "safetySettings": []}
    wire = COUNT.render_request(unified, "gemini-2.5-flash").wire
    assert sorted(wire) == ["contents", "tools"]
    assert COUNT.parse_reply({"totalTokens": 7, "totalBillableCharacters": 20})["prompt_tokens"] == 7


def test_a_chat_is_gemini_s() -> None:
    unified = {"model": "x", "messages": [HI]}
    assert DIALECT.render_request(unified, "m") == gemini.DIALECT.render_request(unified, "m")
    assert DIALECT.parser is gemini.DIALECT.parser


def test_what_cannot_be_said_is_named_or_refused() -> None:
    unified = {"model": "x", "input": "a", "input_type": "no such task", "user": "u", "encoding_format": "base64"}
    wire, dropped, _ = PREDICT.render_request(unified, MODEL)
    assert (wire, sorted(dropped)) == ({"instances": [{"content": "a"}]}, ["input_type", "user"])
    with pytest.raises(Failure, match="Google takes no tokens"):
        PREDICT.render_request({"model": "x", "input": [1, 2]}, MODEL)


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ([], "body"),
        ({}, "instances"),
        ({"instances": []}, "instances"),
        ({"instances": ["a"]}, "instances[0]"),
        ({"instances": [{"content": "a"}, {"content": 5}]}, "instances[1].content"),
        ({"instances": [{"content": "a", "title": "t"}, {"content": "b"}]}, "instances[1].title"),
        ({"instances": [{"content": "a", "task_type": 5}]}, "instances[0].task_type"),
        (
            {"instances": [{"content": "a"}], "parameters": {"outputDimensionality": "5"}},
            "parameters.outputDimensionality",
        ),
    ],
)
def test_a_mistake_is_told_by_its_place(wire: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        PREDICT.parse_request(wire)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


@pytest.mark.parametrize(
    ("wire", "kind"),
    [
        ([], "provider_error"),
        ({"predictions": []}, "provider_error"),
        ({"predictions": [5]}, "provider_error"),
        ({"predictions": [{"embeddings": [1.0]}]}, "provider_error"),
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "no"}}, "provider_rate_limited"),
    ],
)
def test_an_answer_without_vectors_is_none(wire: Any, kind: str) -> None:
    with pytest.raises(Failure) as caught:
        PREDICT.parse_reply(wire)
    assert caught.value.kind == kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inside: (
        st.lists(inside, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["predictions", "embeddings", "statistics", "token_count", "values", "instances", "content"]
            ),
            inside,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, database=None)
@given(JSON)
def test_any_json_ends_in_a_result_or_a_failure(wire: Any) -> None:
    for act in (PREDICT.parse_reply, PREDICT.parse_request, PREDICT.parse_usage):
        with suppress(Failure):
            act(wire)
