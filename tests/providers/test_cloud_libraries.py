"""What the official libraries for Google's and Microsoft's clouds say and where, and that we say the same there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import httpx2
import orjson
import pytest
from anthropic import AnthropicFoundry, AnthropicVertex
from google import genai
from google.auth import credentials as google_auth
from openai import AzureOpenAI, OpenAI

from proxy.call import Json
from tests.providers.clouds import CLAUDE, GEMINI, HI, KEY, TOKEN, said


def heard(transports: Any, ask: Callable[[Any], Any]) -> tuple[str, Mapping[str, str], Json]:
    """The one request that a library makes: address, headers, body."""
    found: list[tuple[str, Mapping[str, str], Json]] = []

    def answer(request: Any) -> Any:
        found.append((str(request.url), dict(request.headers), orjson.loads(request.read())))
        return transports.Response(400, json={"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}})

    with (
        transports.Client(transport=transports.MockTransport(answer)) as http,
        pytest.raises(Exception, match=r"\bno\b"),
    ):
        ask(http)
    return found[0]


def ask_foundry(http: Any) -> Any:
    client = AnthropicFoundry(resource="r", api_key=KEY, http_client=http, max_retries=0)
    return client.messages.create(model="m", **CLAUDE)


def ask_vertex_claude(http: Any) -> Any:
    client = AnthropicVertex(region="global", project_id="p", access_token=TOKEN, http_client=http, max_retries=0)
    return client.messages.create(model="m", **CLAUDE)


def ask_vertex_count(http: Any) -> Any:
    client = AnthropicVertex(region="global", project_id="p", access_token=TOKEN, http_client=http, max_retries=0)
    return client.messages.count_tokens(model="m", **HI)


def ask_deployment(http: Any) -> Any:
    more: Json = {"azure_endpoint": "https://r.openai.azure.com", "api_version": "2024-10-21", "max_retries": 0}
    return AzureOpenAI(api_key=KEY, http_client=http, **more).chat.completions.create(model="m", **HI)


def ask_v1(http: Any) -> Any:
    base = "https://r.openai.azure.com/openai/v1/"
    return OpenAI(api_key=KEY, base_url=base, http_client=http, max_retries=0).responses.create(model="m", input="hi")


def ask_gemini(http: Any) -> Any:
    maker: Any = google_auth.AnonymousCredentials
    credentials = maker()
    credentials.token = TOKEN
    options = genai.types.HttpOptions(httpx_client=http, api_version="v1")
    client = genai.Client(vertexai=True, project="p", location="global", credentials=credentials, http_options=options)
    return client.models.generate_content(model="m", contents="hi")


def ask_express(http: Any) -> Any:
    options = genai.types.HttpOptions(httpx_client=http, api_version="v1")
    client = genai.Client(vertexai=True, api_key=KEY, http_options=options)
    return client.models.generate_content(model="m", contents="hi")


LIBRARIES: tuple[tuple[str, str, Json, str, Any, Callable[[Any], Any]], ...] = (
    ("azure_anthropic", "anthropic", CLAUDE, "chat", httpx2, ask_foundry),
    ("vertex_anthropic", "anthropic", CLAUDE, "chat", httpx2, ask_vertex_claude),
    ("vertex_anthropic", "anthropic", HI, "count_tokens", httpx2, ask_vertex_count),
    ("azure_deployments", "openai", HI, "chat", httpx2, ask_deployment),
    ("azure_openai", "responses", {"input": "hi"}, "chat", httpx2, ask_v1),
    ("vertex", "gemini", GEMINI, "chat", httpx, ask_gemini),
    ("vertex_express", "gemini", GEMINI, "chat", httpx, ask_express),
)
#: Google documents one version for Claude; the library is of a later one.
VERSION = "anthropic_version"


@pytest.mark.parametrize(("kind", "dialect", "wire", "operation", "transports", "ask"), LIBRARIES)
async def test_the_official_library_asks_the_same(
    kind: str,
    dialect: str,
    wire: Json,
    operation: str,
    transports: Any,
    ask: Callable[[Any], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    address, headers, body = heard(transports, ask)
    keyed = any(KEY in value for value in headers.values())
    found, request = await said(kind, dialect, wire, operation, key=KEY if keyed else None)
    assert found == address
    ours = orjson.loads(request.body)
    assert {name: value for name, value in ours.items() if name != VERSION} == {
        name: value for name, value in body.items() if name != VERSION
    }
    [(name, value)] = [(name, value) for name, value in request.headers if "canary" in value]
    # OpenAI's own library shows every key as a token; Azure takes it so, and in its own header.
    assert headers.get(name) == value or (kind, headers["authorization"]) == ("azure_openai", f"Bearer {KEY}")
