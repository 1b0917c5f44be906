"""A tool is called by whoever is asked after the first provider has failed, and the application hears it in its own dialect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.dialects import WIRES
from tests.promises.dialects.gemini import event
from tests.promises.falling import BROKEN, scene
from tests.promises.scripts import Act, says, sends
from tests.promises.upstream import Asked
from tests.soak.speech import CLAUDE_TOOL, OPENAI_TOOL

GEMINI_TOOL = {
    "candidates": [
        {
            "content": {"parts": [{"functionCall": {"name": "note", "args": {"text": "hello"}}}], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    "modelVersion": "m",
    "responseId": "r1",
}


def calls_as_gemini(asked: Asked) -> None:
    if "tream" in asked.line:
        sends(WIRES["gemini"].stream([""]).events[0], event(GEMINI_TOOL), wire=WIRES["gemini"])(asked)
    else:
        asked.link.whole(GEMINI_TOOL)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("dialect", "act"),
    [
        ("anthropic", says("hel", "lo", wire=CLAUDE_TOOL)),
        ("gemini", calls_as_gemini),
        ("openai", says("hello", wire=OPENAI_TOOL)),
    ],
)
async def test_tools_across_dialects(dialect: str, act: Act, stream: bool, tmp_path: Path) -> None:
    async with scene(tmp_path, {"up": ("openai", BROKEN), "other": (dialect, act)}) as at:
        answer = await at.running.ask(OPENAI_TOOL.ask("fast", stream))
        assert (answer.status, answer.complete) == (200, True), answer
        if stream:
            assert OPENAI_TOOL.hear(answer.body)[:2] == ("hello", True)
        else:
            assert OPENAI_TOOL.text_of(answer.json) == "hello"
            assert answer.json["choices"][0]["finish_reason"] == "tool_calls"
        assert answer.headers["x-outrider-provider"] == "other"
