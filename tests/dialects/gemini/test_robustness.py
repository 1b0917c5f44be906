"""Any JSON, any bytes, any order of events ends in a result or a Failure."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure
from proxy.dialects.gemini import ARRAY_DIALECT, DIALECT
from proxy.dialects.gemini.embeddings import EMBED_BATCH, EMBED_ONE
from proxy.wire.events import Event

PARTS = """
text thought thoughtSignature functionCall functionResponse inlineData fileData executableCode toolCall function_call
videoMetadata name args id response mimeType data fileUri partialArgs willContinue jsonPath stringValue numberValue
output error image/png
""".split()  # noqa: SIM905
REQUEST = """
systemInstruction tools toolConfig generationConfig safetySettings serviceTier cachedContent functionDeclarations
parameters parametersJsonSchema functionCallingConfig mode allowedFunctionNames ANY AUTO VALIDATED temperature topP
maxOutputTokens stopSequences responseMimeType application/json responseSchema responseJsonSchema responseModalities
thinkingConfig thinkingBudget thinkingLevel includeThoughts HIGH candidateCount type OBJECT properties items any_of
nullable googleSearch
""".split()  # noqa: SIM905
REPLY = """
candidates content parts role finishReason STOP SAFETY index promptFeedback blockReason usageMetadata promptTokenCount
candidatesTokenCount promptTokensDetails modality tokenCount groundingMetadata groundingChunks groundingSupports segment
startIndex endIndex groundingChunkIndices web uri citationMetadata citations logprobsResult chosenCandidates
topCandidates token logProbability
""".split()  # noqa: SIM905
UNIFIED = """
messages user assistant system tool tool_calls tool_call_id function arguments image_url url file file_data file_id
file_url input_audio format video_url cache_control thinking_blocks reasoning_content provider_blocks at block dialect
gemini extra_content google thought_signature images annotations url_citation is_error response_format json_schema
schema reasoning effort budget_tokens enabled display stop tool_choice allowed_tools required none modalities
data:image/png;base64,aGk= $.a $.a[0] {"a":1} choices message delta finish_reason usage thinking signature refusal
logprobs input dimensions input_type requests embedding values
""".split()  # noqa: SIM905
WORDS = [*PARTS, *REQUEST, *REPLY, *UNIFIED]
NAMES = st.sampled_from(WORDS)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.integers(1 << 60, 1 << 63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=2), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(NAMES, ANYTHING, max_size=6)
CALL = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "args": OBJECTS | ANYTHING,
        "id": NAMES,
        "willContinue": st.booleans(),
        "partialArgs": st.lists(
            st.fixed_dictionaries(
                {"jsonPath": st.sampled_from(["$.a", "$.a[0]", "$.a[1].b", "$['x y']", "$", "a"])},
                optional={"stringValue": NAMES, "numberValue": ANYTHING},
            ),
            max_size=3,
        ),
    },
)
BLOB = st.fixed_dictionaries(
    {
        "mimeType": st.sampled_from(["image/png", "audio/mp3", "video/mp4", ""]),
        "data": st.sampled_from(["", "aGk=", "%", "iVBORw0KGgo="]),
    }
)
PART = (
    st.fixed_dictionaries({"text": NAMES}, optional={"thought": st.booleans(), "thoughtSignature": NAMES})
    | st.fixed_dictionaries({"functionCall": CALL | ANYTHING}, optional={"thoughtSignature": NAMES})
    | st.fixed_dictionaries(
        {
            "functionResponse": st.fixed_dictionaries(
                {"name": NAMES, "response": OBJECTS}, optional={"id": NAMES, "parts": ANYTHING}
            )
        }
    )
    | st.fixed_dictionaries({"inlineData": BLOB | ANYTHING}, optional={"videoMetadata": ANYTHING})
    | st.fixed_dictionaries(
        {
            "fileData": st.fixed_dictionaries(
                {"fileUri": st.sampled_from(["https://x/a.png", "gs://b", "https://[", "files/x"])}
            )
        }
    )
    | OBJECTS
    | ANYTHING
)
CONTENT = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "model", "function"]), "parts": st.lists(PART, max_size=4) | ANYTHING}
)
REQUESTS = st.fixed_dictionaries(
    {"contents": st.lists(CONTENT, max_size=4) | ANYTHING},
    optional=dict.fromkeys(REQUEST[:7], OBJECTS | ANYTHING),
)
CANDIDATE = st.fixed_dictionaries(
    {"content": CONTENT | ANYTHING},
    optional={"finishReason": NAMES, **dict.fromkeys(("index", *REPLY[16:], "safetyRatings"), OBJECTS | ANYTHING)},
)
REPLIES = st.fixed_dictionaries(
    {"candidates": st.lists(CANDIDATE, max_size=3) | ANYTHING},
    optional=dict.fromkeys(
        ("usageMetadata", "promptFeedback", "responseId", "modelVersion", "error"), OBJECTS | ANYTHING
    ),
)
TOOL_CALL = st.fixed_dictionaries(
    {
        "id": NAMES,
        "function": st.fixed_dictionaries({"name": NAMES, "arguments": st.sampled_from(["", "{}", '{"a":1}', "x"])})
        | ANYTHING,
    },
    optional={"index": st.integers(0, 3) | ANYTHING, "extra_content": OBJECTS},
)
MEMBERS: dict[str, Any] = {
    "content": NAMES
    | st.lists(
        st.fixed_dictionaries({"type": NAMES}, optional=dict.fromkeys(UNIFIED[8:20], ANYTHING)) | ANYTHING, max_size=3
    ),
    "tool_calls": st.lists(TOOL_CALL, max_size=3) | ANYTHING,
    "tool_call_id": NAMES,
    "name": NAMES,
    "extra_content": st.just({"google": {"thought_signature": "c2ln"}}) | ANYTHING,
    "provider_blocks": st.lists(
        st.fixed_dictionaries({"at": st.integers(-2, 9), "block": OBJECTS, "dialect": NAMES}), max_size=3
    )
    | ANYTHING,
    **dict.fromkeys(("thinking_blocks", "reasoning_content", "images", "annotations", "refusal"), ANYTHING),
}
MESSAGE = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "tool", "system"])}, optional=MEMBERS)
FIELDS = (
    "tools",
    "tool_choice",
    "response_format",
    "reasoning",
    "reasoning_effort",
    "stop",
    "modalities",
    "service_tier",
    "generationConfig",
    "toolConfig",
)
UNIFIED_REQUESTS = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE, max_size=4) | ANYTHING}, optional=dict.fromkeys(FIELDS, OBJECTS | ANYTHING)
)
CHOICE = st.fixed_dictionaries(
    {"message": MESSAGE, "delta": st.fixed_dictionaries({}, optional=MEMBERS)},
    optional={"finish_reason": NAMES, "index": st.integers(0, 2), "gemini": OBJECTS, "logprobs": OBJECTS},
)
UNIFIED_REPLIES = st.fixed_dictionaries(
    {"choices": st.lists(CHOICE, max_size=3) | ANYTHING},
    optional=dict.fromkeys(("usage", "id", "model", "promptFeedback"), OBJECTS | ANYTHING),
)
FEW = settings(max_examples=50, deadline=None, database=None)


def ends(act: Callable[[], Any]) -> None:
    """`act` ends in a Failure or in something that can be sent."""
    with suppress(Failure):
        orjson.dumps(act())


@FEW
@given(OBJECTS | REQUESTS, st.sampled_from(["gemini-2.5-flash", "gemini-3-pro-preview", "other"]))
def test_any_request_of_a_google_client(wire: Any, model: str) -> None:
    ends(lambda: DIALECT.render_request(DIALECT.parse_request(wire), model).wire)


@FEW
@given(OBJECTS | UNIFIED_REQUESTS, st.sampled_from(["gemini-2.5-pro", "gemini-3.8-flash", "gemini-1.5-flash"]))
def test_any_unified_request(unified: Any, model: str) -> None:
    ends(lambda: DIALECT.render_request(unified, model).wire)


@FEW
@given(ANYTHING | REPLIES)
def test_any_reply(wire: Any) -> None:
    ends(lambda: DIALECT.render_reply(DIALECT.parse_reply(wire), {}))


@FEW
@given(OBJECTS | UNIFIED_REPLIES)
def test_any_unified_reply(unified: Any) -> None:
    ends(lambda: DIALECT.render_reply(unified, {}))


@FEW
@given(
    st.integers(100, 999),
    (ANYTHING | st.builds(lambda error: {"error": error}, OBJECTS)).map(orjson.dumps) | st.binary(max_size=20),
)
def test_any_error(status: int, body: bytes) -> None:
    failure = DIALECT.parse_error(status, {}, body)
    assert failure.detail
    assert DIALECT.render_error(failure)["error"]["code"] == failure.status


@FEW
@given(ANYTHING | REPLIES)
def test_any_usage(wire: Any) -> None:
    usage = DIALECT.parse_usage(wire)
    assert usage is None or usage.total >= 0
    ends(lambda: DIALECT.gather_usage([wire, wire]) and None)


@FEW
@given(st.lists(REPLIES | OBJECTS | ANYTHING, max_size=6), st.binary(max_size=9))
def test_any_stream(payloads: list[Any], noise: bytes) -> None:
    parser = DIALECT.parser()
    for payload in payloads:
        event = Event("", orjson.dumps(payload))
        ends(lambda event=event: parser.feed(event))  # type: ignore[misc]
        ends(lambda event=event: DIALECT.read_event(event))  # type: ignore[misc]
    ends(lambda: parser.feed(Event("", noise)))
    ends(parser.end)
    assert parser.usage is None or parser.usage.total >= 0


@FEW
@given(st.lists(UNIFIED_REPLIES | OBJECTS, max_size=6))
def test_any_chunks(chunks: list[Any]) -> None:
    for dialect in (DIALECT, ARRAY_DIALECT):
        renderer = dialect.renderer({}, 0)
        for chunk in chunks:
            with suppress(Failure):
                renderer.feed(chunk)
        with suppress(Failure):
            renderer.end()


@FEW
@given(OBJECTS | ANYTHING)
def test_any_embeddings_and_counts(wire: Any) -> None:
    for operation in (EMBED_ONE, EMBED_BATCH, DIALECT.count_tokens):
        assert operation
        for act in (operation.parse_request, operation.parse_reply, operation.parse_usage):
            ends(lambda act=act: act(wire) and None)  # type: ignore[misc]
        if isinstance(wire, dict):
            ends(lambda operation=operation: operation.render_reply(wire, {}))  # type: ignore[misc]
            ends(lambda operation=operation: operation.render_request(wire, "m").wire)  # type: ignore[misc]


def test_what_is_nested_too_deeply_to_be_said_anew_is_refused() -> None:
    deep = orjson.loads("[" * 900 + "]" * 900)
    schema: Any = {}
    for _ in range(300):
        schema = {"any_of": [schema]}
    call = {"functionCall": {"name": "f", "args": {"a": deep}}}
    for wire in (
        {"contents": [{"role": "model", "parts": [call]}]},
        {"contents": [{"parts": [{"functionResponse": {"name": "f", "response": {"a": deep}}}]}]},
        {
            "contents": [{"parts": [{"text": "a"}]}],
            "tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}],
        },
    ):
        with pytest.raises(Failure):
            DIALECT.parse_request(wire)
    with pytest.raises(Failure):
        DIALECT.parse_reply({"candidates": [{"content": {"parts": [call]}, "finishReason": "STOP"}]})
