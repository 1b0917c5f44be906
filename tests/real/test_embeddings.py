"""Vectors come through the sidecar as the real server gives them, by either of its APIs and either SDK."""

from __future__ import annotations

from collections.abc import Callable

import ollama
import pytest
from openai import APIStatusError, BadRequestError, OpenAI

from tests.real.conftest import EMBEDDING as PROVIDERS
from tests.real.weights import CONTEXT, EMBEDDING, WIDTH

TEXTS = ["Greet", "Greet there"]
#: Two evaluations of the same sum in 32 bits.
CLOSE = 1e-5


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_vectors_and_their_usage(
    client: OpenAI, directly: Callable[[str], OpenAI], provider: str, encoding: str
) -> None:
    """OpenAI's SDK asks for base64 unless told otherwise, and decodes it."""
    model = f"{provider}:{EMBEDDING}"
    said = directly(provider).embeddings.create(model=EMBEDDING, input=TEXTS, encoding_format="float")
    if encoding == "float":
        heard = client.embeddings.create(model=model, input=TEXTS, encoding_format="float")
    else:
        heard = client.embeddings.create(model=model, input=TEXTS)
    assert [item.index for item in heard.data] == [0, 1]
    assert [len(item.embedding) for item in heard.data] == [WIDTH, WIDTH]
    for item, true in zip(heard.data, said.data, strict=True):
        assert item.embedding == pytest.approx(true.embedding, abs=CLOSE)
    assert heard.usage.prompt_tokens == said.usage.prompt_tokens > 0


def test_by_ollamas_own_sdk(through: ollama.Client, itself: ollama.Client) -> None:
    heard, said = through.embed(f"native:{EMBEDDING}", TEXTS), itself.embed(EMBEDDING, TEXTS)
    for vector, true in zip(heard.embeddings, said.embeddings, strict=True):
        assert list(vector) == pytest.approx(list(true), abs=CLOSE)
    assert heard.prompt_eval_count == said.prompt_eval_count


def test_fewer_dimensions(client: OpenAI) -> None:
    heard = client.embeddings.create(model=f"native:{EMBEDDING}", input=TEXTS, dimensions=16)
    assert [len(item.embedding) for item in heard.data] == [16, 16]


def test_a_text_too_long_is_refused_in_the_servers_words(client: OpenAI, through: ollama.Client) -> None:
    long = "word " * CONTEXT
    with pytest.raises(ollama.ResponseError, match="the input length exceeds the context length") as refused:
        through.embed(f"native:{EMBEDDING}", long, truncate=False)
    assert refused.value.status_code == 400
    with pytest.raises(APIStatusError, match="is too large to process"):
        client.embeddings.create(model=f"vectors:{EMBEDDING}", input=long)
    with pytest.raises(BadRequestError, match="the input length exceeds the context length"):
        client.embeddings.create(model=f"native:{EMBEDDING}", input=long, extra_body={"truncate": False})
