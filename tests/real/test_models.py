"""The sidecar lists what the servers have at this moment, in the words of three SDKs, and what is listed can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ollama
import pytest
from anthropic import Anthropic
from openai import NotFoundError, OpenAI

from tests.real.conftest import ALIAS, ALIASED
from tests.real.vocabulary import ANSWERS
from tests.real.weights import CHAT, CONTEXT, EMBEDDING, WIDTH

PROVIDERS = ("native", "copy", "llamacpp", "vectors")
#: Ollama gives each model a tag.
TAGGED = {f"{CHAT}:latest", f"{EMBEDDING}:latest"}
HAVING = {"native": TAGGED, "copy": TAGGED, "llamacpp": {CHAT}, "vectors": {EMBEDDING}}
#: A model that an alias already leads to is listed under its own name too.
EVERY = {ALIAS, *(f"{provider}:{name}" for provider, names in HAVING.items() for name in names)}
#: The sidecar's own mocks are listed too.
MOCK = "mock"
GREETING = "".join(ANSWERS["Greet"])
QUESTION: Any = [{"role": "user", "content": "Greet"}]


def real(names: Iterable[str | None]) -> list[str]:
    return sorted(name for name in names if name is not None and not name.startswith(MOCK))


def test_all_are_listed_and_each_can_be_looked_up(client: OpenAI) -> None:
    listed = client.models.list().data
    assert real(model.id for model in listed) == sorted(EVERY)
    for model in listed:
        assert client.models.retrieve(model.id) == model


@pytest.mark.parametrize("provider", PROVIDERS)
def test_those_of_one_provider_are_its_servers_own(
    client: OpenAI, directly: Callable[[str], OpenAI], provider: str
) -> None:
    said = {model.id for model in directly(provider).models.list().data}
    heard = client.models.list(extra_query={"provider": provider}).data
    assert {model.id.removeprefix(f"{provider}:") for model in heard} - {ALIAS} == said == HAVING[provider]
    assert {model.owned_by for model in heard} == {provider}


@pytest.mark.parametrize("provider", ["llamacpp", "vectors"])
def test_a_context_window_is_the_servers(client: OpenAI, provider: str) -> None:
    [model] = client.models.list(extra_query={"provider": provider}).data
    assert model.to_dict()["outrider"] == {
        "provider": provider,
        "context_window": CONTEXT,
        "max_output": None,
        "capabilities": None,
    }


def test_what_is_listed_can_be_asked(client: OpenAI) -> None:
    for name in real(model.id for model in client.models.list().data):
        if EMBEDDING in name:
            [vector] = client.embeddings.create(model=name, input="Greet").data
            assert len(vector.embedding) == WIDTH
        else:
            reply = client.chat.completions.create(model=name, messages=QUESTION)
            assert reply.choices[0].message.content == GREETING


def test_a_bare_name_goes_to_the_only_server_that_lists_it(client: OpenAI) -> None:
    client.models.list()
    assert client.models.retrieve(CHAT).owned_by == "llamacpp"
    assert client.chat.completions.create(model=CHAT, messages=QUESTION).choices[0].message.content == GREETING
    with pytest.raises(NotFoundError, match=f'no provider for the model "{CHAT}:latest"'):
        client.chat.completions.create(model=f"{CHAT}:latest", messages=QUESTION)


def test_an_alias_leads_to_its_target(client: OpenAI) -> None:
    assert client.models.retrieve(ALIAS).owned_by == ALIASED
    assert client.chat.completions.create(model=ALIAS, messages=QUESTION).choices[0].message.content == GREETING


def test_by_ollamas_own_sdk(through: ollama.Client) -> None:
    assert real(model.model for model in through.list().models) == sorted(EVERY)
    assert through.show(f"native:{CHAT}").modelinfo


def test_by_anthropics_sdk(claude: Anthropic) -> None:
    assert real(model.id for model in claude.models.list().data) == sorted(EVERY)
    assert claude.models.retrieve(f"llamacpp:{CHAT}").id == f"llamacpp:{CHAT}"
