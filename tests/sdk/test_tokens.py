"""The official SDKs as callers of a gateway: a token where each puts its key, and the errors each raises without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import cohere
import httpx
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import errors
from openai import AzureOpenAI, OpenAI

from tests.sdk.sidecar import Running, serving

TOKEN, WRONG = "token-of-the-sdk-0123456789", "token-of-nobody-0123456789"
HELLO: Any = [{"role": "user", "content": "Hello"}]
CONFIG = """
listen: {hosts: [127.0.0.1], port: 0, tokens: tokens}
ops: {hosts: [127.0.0.1], port: 0}
providers: {mock: {mock: {first_token_ms: 0, inter_token_ms: 0}}}
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    (folder / "tokens").mkdir()
    (folder / "tokens" / "sdk").write_text(TOKEN, "latin-1")
    with serving(CONFIG, folder) as running:
        yield running


def openai_s(url: str, token: str) -> str:
    with OpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0) as client:
        assert "mock" in [model.id for model in client.models.list()]
        said = client.chat.completions.create(model="mock", messages=HELLO)
        return said.choices[0].message.content or ""


def azure_s(url: str, token: str) -> str:
    with AzureOpenAI(azure_endpoint=url, api_key=token, api_version="2024-10-21", max_retries=0) as client:
        chunks = list(client.chat.completions.create(model="mock", messages=HELLO, stream=True))
        return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def anthropic_s(url: str, token: str) -> str:
    with Anthropic(base_url=url, api_key=token, max_retries=0) as client:
        said: Any = client.messages.create(model="mock", messages=HELLO, max_tokens=500)
        return str(said.content[0].text)


def anthropic_by_token(url: str, token: str) -> str:
    with (
        Anthropic(base_url=url, auth_token=token, max_retries=0) as client,
        client.messages.stream(model="mock", messages=HELLO, max_tokens=500) as stream,
    ):
        return "".join(stream.text_stream)


def google_s(url: str, token: str) -> str:
    client = genai.Client(api_key=token, http_options={"base_url": url})
    try:
        return client.models.generate_content(model="mock", contents="Hello").text or ""
    finally:
        client.close()


def cohere_s(url: str, token: str) -> str:
    with httpx.Client() as http:
        said: Any = cohere.ClientV2(api_key=token, base_url=url, httpx_client=http).chat(model="mock", messages=HELLO)
        return str(said.message.content[0].text)


#: Who asks -> how, and what its SDK raises when it is not let in.
SDKS: dict[str, tuple[Callable[[str, str], str], type[Exception]]] = {
    "openai": (openai_s, openai.AuthenticationError),
    "azure": (azure_s, openai.AuthenticationError),
    "anthropic": (anthropic_s, anthropic.AuthenticationError),
    "anthropic, Authorization": (anthropic_by_token, anthropic.AuthenticationError),
    "google": (google_s, errors.ClientError),
    "cohere": (cohere_s, cohere.errors.UnauthorizedError),
}


@pytest.mark.parametrize("sdk", SDKS)
def test_a_token_is_let_in(sdk: str, gateway: Running) -> None:
    before = gateway.metric("outrider_caller_requests_total", caller="sdk")
    assert SDKS[sdk][0](gateway.url, TOKEN).startswith("You said: Hello")
    assert gateway.metric("outrider_caller_requests_total", caller="sdk") > before


@pytest.mark.parametrize("sdk", SDKS)
def test_nobody_else_is(sdk: str, gateway: Running) -> None:
    ask, raised = SDKS[sdk]
    with pytest.raises(raised, match="the token is not one of those that are let in") as caught:
        ask(gateway.url, WRONG)
    assert WRONG not in str(caught.value)
