"""What the SDKs do for an application on top of their wire: running tools, parsing into types, keeping a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from pydantic import BaseModel, ConfigDict

from tests.sdk.casts import WIRES
from tests.sdk.clients.driver import KEY, data_url
from tests.sdk.scenes import CITY, IMAGE, IMAGE_URL, SCHEMA, Answer, Made
from tests.sdk.sidecar import Running
from tests.sdk.stage import shape
from tests.sdk.upstreams.provider import Providers

CALLS = (
    Made("call_zurich", "get_weather", {"city": "Zürich"}),
    Made("call_bern", "get_weather", {"city": "Bern"}),
)
RESULTS = [("get_weather", {"city": "Zürich"}, "sun in Zürich"), ("get_weather", {"city": "Bern"}, "sun in Bern")]
TO_RUN = (Answer("Let me look.", CALLS), Answer("Sunny."))
JSON = Answer('{"name": "Zürich", "people": 443037}')


class City(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    people: int


@pytest.fixture(params=WIRES)
def target(request: pytest.FixtureRequest, providers: Providers) -> Iterator[str]:
    yield f"{request.param}:{WIRES[request.param].model}"
    assert providers.complaints == []


@pytest.fixture
def of_openai(house: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def of_anthropic(house: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=house.url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def of_google(house: Running) -> Iterator[genai.Client]:
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=house.url))
    yield client
    client.close()


def get_weather(city: str) -> str:
    """The weather of a city

    Args:
        city: Its name
    """
    return f"sun in {city}"


def results(providers: Providers) -> list[tuple[str, Any, Any]]:
    """What the provider was brought back, the SDKs' own wrapping taken off."""
    _, (_, _, heard) = providers.heard
    return [(name, made, text.removeprefix('{"result":"').removesuffix('"}')) for name, made, text in heard.results]


# ---- running tools


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_anthropics_tool_runner(
    of_anthropic: anthropic.Anthropic, providers: Providers, target: str, streamed: bool
) -> None:
    providers.plays(TO_RUN)
    tools = [anthropic.beta_tool(get_weather)]
    asked: Any = [{"role": "user", "content": "Weather?"}]
    runner: Any = of_anthropic.beta.messages.tool_runner(
        max_tokens=999, model=target, tools=tools, messages=asked, stream=streamed
    )
    messages = [turn.get_final_message() if streamed else turn for turn in runner]
    assert [message.stop_reason for message in messages] == ["tool_use", "end_turn"]
    assert messages[-1].content[0].text == "Sunny."
    assert results(providers) == RESULTS


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_googles_automatic_function_calling(
    of_google: genai.Client, providers: Providers, target: str, streamed: bool
) -> None:
    providers.plays(TO_RUN)
    chat = of_google.chats.create(model=target, config=types.GenerateContentConfig(tools=[get_weather]))
    said: Any = list(chat.send_message_stream("Weather?")) if streamed else [chat.send_message("Weather?")]
    texts = [part.text or "" for part in said[-1].candidates[0].content.parts] if not streamed else [said_of(said)]
    assert "".join(texts).endswith("Sunny.")
    assert results(providers) == RESULTS


def said_of(chunks: list[Any]) -> str:
    return "".join(chunk.text or "" for chunk in chunks)


# ---- parsing into types


def test_openais_parse(of_openai: openai.OpenAI, providers: Providers, target: str) -> None:
    providers.plays(JSON)
    asked: Any = [{"role": "user", "content": "Zürich?"}]
    completion = of_openai.chat.completions.parse(model=target, messages=asked, response_format=City)
    assert completion.choices[0].message.parsed == City(**CITY)
    assert_schema(providers)


def test_openais_parse_of_responses(of_openai: openai.OpenAI, providers: Providers, target: str) -> None:
    providers.plays(JSON)
    response = of_openai.responses.parse(model=target, input="Zürich?", text_format=City)
    assert response.output_parsed == City(**CITY)
    assert_schema(providers)


def test_anthropics_parse(of_anthropic: anthropic.Anthropic, providers: Providers, target: str) -> None:
    providers.plays(JSON)
    asked: Any = [{"role": "user", "content": "Zürich?"}]
    message = of_anthropic.messages.parse(max_tokens=999, model=target, messages=asked, output_format=City)
    assert message.parsed_output == City(**CITY)
    assert_schema(providers)


def test_googles_parsed(of_google: genai.Client, providers: Providers, target: str) -> None:
    providers.plays(JSON)
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=City)
    response = of_google.models.generate_content(model=target, contents="Zürich?", config=config)
    assert response.parsed == City(**CITY)
    assert_schema(providers)


def assert_schema(providers: Providers) -> None:
    [(_, _, heard)] = providers.heard
    assert heard.schema is not None
    assert shape(heard.schema) == shape(SCHEMA)


# ---- pictures by their addresses, for the providers that fetch them


@pytest.mark.parametrize("provider", ["openai", "responses", "anthropic", "cohere"])
def test_a_pictures_address(
    of_openai: openai.OpenAI, of_anthropic: anthropic.Anthropic, providers: Providers, provider: str
) -> None:
    model = f"{provider}:{WIRES[provider].model}"
    urls = [data_url(IMAGE), IMAGE_URL]
    providers.plays(Answer("A cat."))
    parts: Any = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    asked: Any = [{"role": "user", "content": [{"type": "text", "text": "What?"}, *parts]}]
    of_openai.chat.completions.create(model=model, messages=asked)
    items: Any = [{"type": "input_image", "image_url": url, "detail": "auto"} for url in urls]
    content: Any = [{"role": "user", "content": [{"type": "input_text", "text": "What?"}, *items]}]
    of_openai.responses.create(model=model, input=content)
    head, _, data = urls[0].partition(";base64,")
    sources = [
        {"type": "base64", "media_type": head.removeprefix("data:"), "data": data},
        {"type": "url", "url": IMAGE_URL},
    ]
    blocks: Any = [{"type": "image", "source": source} for source in sources]
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": "What?"}, *blocks]}]
    of_anthropic.messages.create(max_tokens=99, model=model, messages=messages)
    assert providers.complaints == []
    assert [heard.images for _, _, heard in providers.heard] == [urls] * 3


# ---- what a relay leaves alone


def test_openai_is_asked_by_the_api_that_the_application_uses(of_openai: openai.OpenAI, providers: Providers) -> None:
    providers.plays(Answer("Hello"))
    model = "openai-itself:gpt-5-mini"
    asked: Any = [{"role": "user", "content": "Hello"}]
    assert of_openai.responses.create(model=model, input="Hello", store=True).output_text == "Hello"
    assert of_openai.chat.completions.create(model=model, messages=asked).choices[0].message.content == "Hello"
    assert [wire for wire, _, _ in providers.heard] == ["responses", "openai"]


def test_the_version_of_anthropics_api_goes_on(of_anthropic: anthropic.Anthropic, providers: Providers) -> None:
    """What a request means depends on it: https://platform.claude.com/docs/en/api/versioning."""
    providers.plays(Answer("Hello"))
    asked: Any = [{"role": "user", "content": "Hello"}]
    model = f"anthropic:{WIRES['anthropic'].model}"
    for version in ("2023-06-01", "2026-10-21"):
        of_anthropic.messages.create(
            max_tokens=99, model=model, messages=asked, extra_headers={"anthropic-version": version}
        )
    assert [turn.headers["anthropic-version"] for turn in providers.turns] == ["2023-06-01", "2026-10-21"]
