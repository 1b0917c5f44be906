"""Providers that live in Google's and Microsoft's clouds: where each is asked, as its documentation shows it, and who signs."""

from __future__ import annotations

import orjson
import pytest

from proxy.call import Json
from proxy.providers import all_providers
from tests.providers.clouds import CLAUDE, GEMINI, HI, KEY, TOKEN, said

GOOGLE = "https://aiplatform.googleapis.com"
VERTEX = f"{GOOGLE}/v1/projects/p/locations/global"
DATED = "api-version=2024-10-21"
PREVIEW = "api-version=2024-05-01-preview"


G, A = "publishers/google/models", "publishers/anthropic/models"
ADDRESSES: tuple[tuple[str, str, Json, str, str], ...] = (
    ("vertex", "openai", HI, "chat", f"{VERTEX}/{G}/m:generateContent"),
    ("vertex", "gemini", GEMINI, "chat.stream", f"{VERTEX}/{G}/m:streamGenerateContent?alt=sse"),
    ("vertex", "gemini_array", GEMINI, "chat.stream", f"{VERTEX}/{G}/m:streamGenerateContent"),
    ("vertex", "openai", {"input": "hi"}, "embeddings", f"{VERTEX}/{G}/m:predict"),
    ("vertex", "gemini", GEMINI, "count_tokens", f"{VERTEX}/{G}/m:countTokens"),
    ("vertex_express", "openai", HI, "chat", f"{GOOGLE}/v1/{G}/m:generateContent"),
    ("vertex_express", "gemini", GEMINI, "chat.stream", f"{GOOGLE}/v1/{G}/m:streamGenerateContent?alt=sse"),
    ("vertex_anthropic", "anthropic", CLAUDE, "chat", f"{VERTEX}/{A}/m:rawPredict"),
    ("vertex_anthropic", "openai", HI, "chat.stream", f"{VERTEX}/{A}/m:streamRawPredict"),
    ("vertex_anthropic", "anthropic", HI, "count_tokens", f"{VERTEX}/{A}/count-tokens:rawPredict"),
    ("vertex_openai", "openai", HI, "chat.stream", f"{VERTEX}/endpoints/openapi/chat/completions"),
    ("azure_openai", "openai", HI, "chat", "https://r.openai.azure.com/openai/v1/chat/completions"),
    ("azure_openai", "responses", {"input": "hi"}, "chat.stream", "https://r.openai.azure.com/openai/v1/responses"),
    ("azure_openai", "openai", {"input": "hi"}, "embeddings", "https://r.openai.azure.com/openai/v1/embeddings"),
    (
        *("azure_deployments", "openai", HI, "chat.stream"),
        f"https://r.openai.azure.com/openai/deployments/m/chat/completions?{DATED}",
    ),
    (
        *("azure_deployments", "openai", {"input": "hi"}, "embeddings"),
        f"https://r.openai.azure.com/openai/deployments/m/embeddings?{DATED}",
    ),
    ("azure_foundry", "openai", HI, "chat", f"https://r.services.ai.azure.com/models/chat/completions?{PREVIEW}"),
    ("azure_anthropic", "anthropic", CLAUDE, "chat.stream", "https://r.services.ai.azure.com/anthropic/v1/messages"),
)


@pytest.mark.parametrize(("kind", "dialect", "wire", "operation", "address"), ADDRESSES)
async def test_where_it_is_asked_and_who_signs(
    kind: str, dialect: str, wire: Json, operation: str, address: str
) -> None:
    provider = all_providers()[kind]
    cloud = provider.cloud or None
    found, request = await said(kind, dialect, wire, operation, key=None if cloud else KEY)
    assert (request.method, found) == ("POST", address)
    shown = [(name, value) for name, value in request.headers if "canary" in value]
    assert shown == ([("authorization", f"Bearer {TOKEN}")] if cloud else [("x-goog-api-key", KEY)])
    assert b"canary" not in request.body


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("vertex", "x-goog-api-key"),
        ("azure_openai", "api-key"),
        ("azure_deployments", "api-key"),
        ("azure_foundry", "api-key"),
        ("azure_anthropic", "x-api-key"),
    ],
)
async def test_a_key_of_the_operator_s_stands_in_one_header(kind: str, header: str) -> None:
    dialect, wire = ("anthropic", CLAUDE) if kind == "azure_anthropic" else ("openai", HI)
    _, request = await said(
        kind, dialect, wire, key=KEY, authorization="Bearer of-the-app", **{"api-key": "of-the-app"}
    )
    assert [name for name, value in request.headers if KEY in value] == [header]
    assert not any("of-the-app" in value for _, value in request.headers)


async def test_a_model_s_name_is_one_segment() -> None:
    address, _ = await said("vertex_anthropic", "anthropic", CLAUDE, model="claude-sonnet-4-5@20250929")
    assert address.endswith("/models/claude-sonnet-4-5%4020250929:rawPredict")
    address, _ = await said("azure_deployments", "openai", HI, model="../x?y")
    assert "/deployments/..%2Fx%3Fy/chat" in address


async def test_a_beta_of_the_caller_s_goes_on_and_its_version_goes_into_the_body() -> None:
    caller = {"anthropic-beta": "context-1m-2025-08-07", "anthropic-version": "2023-06-01"}
    _, request = await said("vertex_anthropic", "anthropic", CLAUDE, **caller)
    assert request.all("anthropic-beta") == ["context-1m-2025-08-07"]
    assert request.all("anthropic-version") == []
    assert orjson.loads(request.body) == {"anthropic_version": "vertex-2023-10-16", **CLAUDE}
    _, request = await said("azure_anthropic", "anthropic", CLAUDE)
    assert request.all("anthropic-version") == ["2023-06-01"]


ODD = (
    '{ "max_tokens" : 9,"model":"m", "temperature":0.50, "thinking":{"type":"adaptive"},"of_next_year":[1e2,{"model":"x"}],'
    '"messages":[{"role":"user","content":"hi \\u00e9 é"}]}'
)


@pytest.mark.parametrize("operation", ["chat", "chat.stream"])
async def test_what_an_application_of_anthropic_s_says_arrives_as_it_is_in_vertex_s_envelope(operation: str) -> None:
    _, request = await said("vertex_anthropic", "anthropic", orjson.loads(ODD), operation, text=ODD)
    assert request.body.decode() == ODD.replace('"model":"m"', '"anthropic_version":"vertex-2023-10-16"')


async def test_a_version_in_the_body_is_said_once() -> None:
    _, request = await said("vertex_anthropic", "anthropic", {**CLAUDE, "anthropic_version": "vertex-1"})
    assert orjson.loads(request.body) == {"anthropic_version": "vertex-2023-10-16", **CLAUDE}
    assert request.body.count(b"anthropic_version") == 1


async def test_unknown_fields_go_as_the_caller_says() -> None:
    _, request = await said("azure_foundry", "openai", HI, **{"extra-parameters": "drop"})
    assert request.all("extra-parameters") == ["drop"]


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", ["bedrock"]),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", ["bedrock"]),
        ("jp.anthropic.claude-haiku-4-5-20251001-v1:0", ["bedrock"]),
        ("global.amazon.nova-2-lite-v1:0", ["bedrock"]),
        ("openai.gpt-oss-120b-1:0", ["bedrock"]),
        ("deepseek.v3-v1:0", ["bedrock"]),
        ("us.", []),
        ("acme.model-1", []),
    ],
)
def test_a_model_of_bedrock_s_is_known_by_its_vendor_or_place(model: str, kinds: list[str]) -> None:
    assert [kind for kind, provider in all_providers().items() if provider.claims(model)] == kinds
