"""What the sidecar has no word for reaches a real server through `/providers/`, as it is, and so does the answer."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import ollama
import pytest
from openai import OpenAI

from tests.real.conftest import PATIENCE
from tests.real.vocabulary import ANSWERS
from tests.real.weights import CHAT, EMBEDDING
from tests.sdk import sidecar

QUESTION: Any = [{"role": "user", "content": "Greet"}]
GREETING = "".join(ANSWERS["Greet"])


def test_ollamas_own_sdk_manages_its_models(house: sidecar.Running, itself: ollama.Client) -> None:
    """A model is copied, shown, asked and deleted; `itself` asks without the sidecar."""
    with closing(ollama.Client(host=f"{house.url}/providers/native", timeout=PATIENCE)) as through:
        assert {model.model for model in through.list().models} == {f"{CHAT}:latest", f"{EMBEDDING}:latest"}
        assert through.show(CHAT).template == itself.show(CHAT).template != ""
        assert through.copy(CHAT, "another").status == "success"
        assert through.chat("another", QUESTION).message.content == GREETING
        assert through.delete("another").status == "success"
        with pytest.raises(ollama.ResponseError, match="not found") as refused:
            through.show("another")
    assert refused.value.status_code == 404


def test_a_stream_of_the_servers_own_api(house: sidecar.Running) -> None:
    with OpenAI(base_url=f"{house.url}/providers/llamacpp", api_key="unused", timeout=PATIENCE) as client:
        stream = client.chat.completions.create(model=CHAT, messages=QUESTION, stream=True)
        pieces = [choice.delta.content for chunk in stream for choice in chunk.choices]
    assert tuple(piece for piece in pieces if piece) == ANSWERS["Greet"]
