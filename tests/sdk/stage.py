"""One application, one provider and what lies between them; and the scenes, played and held against what should have been.

The scenes are the same whether the application asks through the sidecar or, to see that the upstream is right, asks it directly.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sdk.clients.driver import Driver
from tests.sdk.scenes import (
    CALLS,
    CITY,
    CLOCK,
    IMAGE,
    IMAGE_DATA,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    RESULTS,
    SCHEMA,
    SIGNATURE,
    SYSTEM,
    THOUGHT,
    TOOLS,
    WORDS,
    Answer,
    Broken,
    Heard,
    Json,
    Made,
    Question,
    Refusal,
    Said,
    Tool,
)
from tests.sdk.upstreams.provider import Providers
from tests.sdk.upstreams.wire import Wire

COMPLAINT = "the provider's own wörds"


@dataclass
class Stage:
    """`model` is what the application asks for, `wire` is the provider's; `asked_in` is the one this client reaches it by."""

    driver: Driver
    providers: Providers
    wire: Wire
    model: str
    asked_in: str

    def asks(self, question: Question, streamed: bool) -> Said:
        pieces: list[str] = []
        self.driver.hear = pieces.append
        said = self.driver.ask(self.model, question, streamed)
        assert self.providers.complaints == []
        assert not streamed or "".join(pieces) == said.text
        return said

    @property
    def heard(self) -> Heard:
        """The one request since the scene was set."""
        [(wire, model, heard)] = self.providers.heard
        assert (wire, model) == (self.asked_in, self.wire.model)
        return heard


def plain_answer(stage: Stage, streamed: bool) -> None:
    stage.providers.plays(Answer(WORDS))
    temperature = 0.5 if stage.driver.samples else None
    said = stage.asks(Question(words="Hellö?", system=SYSTEM, limit=99, temperature=temperature), streamed)
    assert (said.text, said.calls, said.thought, said.finish) == (WORDS, [], "", "stop")
    assert said.tokens == (INPUT_TOKENS, OUTPUT_TOKENS)
    heard = stage.heard
    assert (heard.words, heard.system, heard.limit, heard.temperature) == ("Hellö?", SYSTEM, 99, temperature)


def tools_and_results(stage: Stage, streamed: bool) -> None:
    stage.providers.plays(Answer(calls=CALLS))
    question = Question(words="Weather and time?", tools=TOOLS)
    asked = stage.asks(question, streamed)
    assert asked.finish == "tool_calls"
    assert [(call.name, call.arguments) for call in asked.calls] == [(call.name, call.arguments) for call in CALLS]
    assert {name: shape(schema) for name, schema in stage.heard.tools.items()} == shapes(TOOLS)
    stage.providers.plays(Answer("Sunny."))
    said = stage.asks(Question(words="Weather and time?", tools=TOOLS, said=asked, results=RESULTS), streamed)
    assert (said.text, said.finish) == ("Sunny.", "stop")
    heard = stage.heard
    assert [(call.name, call.arguments) for call in heard.calls] == [(call.name, call.arguments) for call in CALLS]
    expected = [(call.name, call.arguments, loaded(text)) for call, text in zip(CALLS, RESULTS, strict=True)]
    assert in_order([(name, made, loaded(text)) for name, made, text in heard.results]) == in_order(expected)


def shapes(tools: tuple[Tool, ...]) -> dict[str, Any]:
    return {tool.name: shape(tool.parameters) for tool in tools}


def shape(schema: Json) -> Any:
    """What every dialect's form of a schema keeps."""
    properties = {name: member["type"] for name, member in (schema.get("properties") or {}).items()}
    return schema["type"], properties, schema.get("required") or []


def loaded(text: Any) -> Any:
    """A result that is JSON may be sent as an object, and one from Gemini's side in the object that holds it there."""
    try:
        said = json.loads(text)
    except (ValueError, TypeError):
        return text
    return loaded(said["output"]) if isinstance(said, dict) and said.keys() == {"output"} else said


def in_order(results: list[Any]) -> list[str]:
    return sorted(json.dumps(result, sort_keys=True) for result in results)


def picture(stage: Stage) -> None:
    stage.providers.plays(Answer("A red dot."))
    said = stage.asks(Question(words="What is this?", image=IMAGE), False)
    assert said.text == "A red dot."
    heard = stage.heard
    assert (heard.words, heard.images) == ("What is this?", [f"data:image/png;base64,{IMAGE_DATA}"])


def structured_output(stage: Stage, streamed: bool) -> None:
    stage.providers.plays(Answer(json.dumps(CITY, ensure_ascii=False)))
    said = stage.asks(Question(words="Zürich?", schema=SCHEMA), streamed)
    assert (json.loads(said.text), said.calls, said.finish) == (CITY, [], "stop")
    schema = stage.heard.schema
    assert schema is not None
    assert shape(schema) == shape(SCHEMA)


def thoughts(stage: Stage, streamed: bool, *, asked_for: bool, signed: bool, carried: bool) -> None:
    """`asked_for`: the provider can be told to think. `signed`: it signs its thoughts. `carried`: the application can bring the
    signature back."""
    called = (Made("call_clock", "get_time", {}),)
    stage.providers.plays(Answer(calls=called, thought=THOUGHT, signature=SIGNATURE if signed else ""))
    question = Question(words="Think, and look at the clock.", tools=(CLOCK,), thinks=True)
    asked = stage.asks(question, streamed)
    assert stage.heard.thinks is asked_for
    assert asked.thought == THOUGHT
    assert [(call.name, call.arguments) for call in asked.calls] == [("get_time", {})]
    stage.providers.plays(Answer("Noon."))
    back = Question(words="Think, and look at the clock.", tools=(CLOCK,), thinks=True, said=asked, results=("12:00",))
    said = stage.asks(back, streamed)
    assert said.text == "Noon."
    assert [text for _, _, text in stage.heard.results] == ["12:00"]
    assert stage.heard.signatures == ([SIGNATURE] if carried else [])


def refusal(stage: Stage, status: int, seen: int, raised: str, streamed: bool) -> None:
    """`status` is the provider's, `seen` what the application is told, `raised` the exception that its SDK makes of it."""
    stage.providers.plays(Refusal(status, COMPLAINT, {"retry-after": "7"} if status == 429 else {}))
    with pytest.raises(stage.driver.errors) as caught:
        stage.driver.ask(stage.model, Question(), streamed)
    assert stage.providers.complaints == []
    assert (type(caught.value).__name__, stage.driver.status(caught.value)) == (raised, seen)
    assert COMPLAINT in str(caught.value)
    if status == 429:
        assert stage.driver.retry_after(caught.value) == (None if stage.driver.name == "ollama" else "7")


def broken_stream(stage: Stage, ending: str) -> Exception:
    """What the application was told after the words that it got."""
    words = "so far so good"
    pieces: list[str] = []
    heard = threading.Event()

    def hear(piece: str) -> None:
        pieces.append(piece)
        if "".join(pieces) == words:
            heard.set()

    stage.driver.hear = hear
    stage.providers.plays(Broken(words, ending, COMPLAINT, heard))
    with pytest.raises(stage.driver.errors) as caught:
        stage.driver.ask(stage.model, Question(), True)
    assert stage.providers.complaints == []
    assert "".join(pieces) == words
    return caught.value
