"""What goes over the wire to every provider, whoever adds it: a real sidecar, real sockets, the official packages' own types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.call import Json
from proxy.dialects.neutral import is_neutral
from proxy.providers import Provider, all_providers
from proxy.signing import SIGNERS
from tests.promises.upstream import Asked
from tests.providers.answers import EMBEDDED, HOLD_EMBEDDINGS, WIRE_OF, answer, hold_chat
from tests.providers.expected import OWNERS, PLACES, QUIRKS, Quirks
from tests.providers.questions import FEATURES, HELLO, SHAPES, UNDERSTOOD, VALUES
from tests.providers.stage import KEY, REACHED, base_path, filled, stage

#: What each request has besides the provider's own headers and the one that signs.
OURS = {"host", "user-agent", "content-type", "accept-encoding", "accept", "content-length"}
APPLICATION = {
    "authorization": "Bearer sk-application",
    "x-api-key": "sk-application",
    "cookie": "session=sk-application",
    "openai-organization": "org-application",
    "x-forwarded-for": "10.0.0.1",
    "x-stainless-lang": "python",
}
#: Requests in the words of callers whom some provider hears in their own dialect.
NATIVE: dict[str, tuple[str, Json]] = {
    "responses": ("/v1/responses", {"model": "there:m", "input": "Hellö?"}),
    "anthropic": ("/v1/messages", {"model": "there:m", "max_tokens": 9, "messages": [HELLO]}),
}
CHATTING = {kind: way for kind, provider in REACHED.items() if (way := provider.way("openai", "chat", False))}
ODD = [kind for kind, way in CHATTING.items() if way.dialect == "openai"]
ASKED = [
    pytest.param(kind, shape, id=f"{kind}-{shape}")
    for kind in CHATTING
    for shape, (ability, _) in SHAPES.items()
    if ability in REACHED[kind].can
]
EMBEDDING = [kind for kind, provider in REACHED.items() if provider.way("openai", "embeddings", False)]
HEARD = [
    pytest.param(kind, dialect, id=f"{kind}-{dialect}")
    for kind, provider in REACHED.items()
    for dialect in NATIVE
    if "chat" in provider.also.get(dialect, {})
]


def header_lines(asked: Asked) -> list[str]:
    return asked.head.decode("latin-1").split("\r\n")[1:]


def hold_head(asked: Asked, provider: Provider, path: str, model: str = "m") -> None:
    """Method and path, the key where it belongs and nowhere else, and no header that nobody allowed."""
    assert asked.line == f"POST {base_path(provider)}{filled(path, provider, model)} HTTP/1.1"
    signed = dict(SIGNERS[provider.auth](KEY))
    assert {name: asked.headers[name] for name in signed} == signed
    assert [line for line in header_lines(asked) if KEY in line] == [f"{name}: {text}" for name, text in signed.items()]
    assert KEY.encode() not in asked.body
    allowed = OURS | signed.keys() | {"traceparent", "tracestate"}
    assert asked.headers.keys() - provider.headers.keys() - provider.passes <= allowed
    assert asked.headers["content-type"] == "application/json"
    assert len({line.partition(":")[0] for line in header_lines(asked)}) == len(header_lines(asked))


def reply_with(kind: str, dialect: str, stream: bool, feature: str = "") -> Any:
    def play(asked: Asked) -> None:
        body, content_type = answer(kind, dialect, asked.json, stream, feature)
        if stream:
            asked.link.stream(body, content_type)
        else:
            asked.link.whole(body)

    return play


@pytest.mark.parametrize("kind", PLACES)
def test_it_is_where_its_own_pages_say(kind: str) -> None:
    provider, place = all_providers()[kind], PLACES[kind]
    way = provider.way("openai", "chat", stream=False)
    assert way is not None
    assert (provider.base_url or "") + way.path == place.chat
    name, before = place.key
    assert SIGNERS[provider.auth]("KEY") == (((name, f"{before}KEY"),) if name else ())


@pytest.mark.parametrize("kind", PLACES)
def test_it_does_otherwise_what_its_own_pages_say(kind: str) -> None:
    provider, quirks = all_providers()[kind], QUIRKS.get(kind, Quirks())
    assert provider.refuses == set(quirks.refuses.split())
    assert provider.renames == quirks.renames
    assert {**provider.fixed, **provider.clamps} == quirks.bounds
    assert provider.accepts == set(quirks.accepts.split())
    assert provider.passes == set(quirks.passes.split())
    assert provider.amends.keys() == set(quirks.amends.split())


@pytest.mark.parametrize("model", OWNERS)
def test_a_bare_name_is_its_owner_s(model: str) -> None:
    owners = [kind for kind, provider in all_providers().items() if provider.claims(model)]
    assert owners == [OWNERS[model]] * bool(OWNERS[model])


@pytest.mark.parametrize(("kind", "shape"), ASKED)
async def test_a_chat_is_asked_for_in_the_provider_s_own_words(kind: str, shape: str, tmp_path: Path) -> None:
    provider, fields = REACHED[kind], SHAPES[shape][1]
    stream = bool(fields.get("stream"))
    way = provider.way("openai", "chat", stream)
    assert way is not None
    model = "m" if way.dialect == "openai" else WIRE_OF[way.dialect].model
    async with stage(tmp_path, kind, unsupported="drop") as on:
        on.upstream.answer = reply_with(kind, way.dialect, stream, FEATURES[shape])
        said = await on.sidecar.ask({"model": f"there:{model}", **fields})
        assert (said.status, said.complete) == (200, True), said.body
        hold_head(on.asked, provider, way.path, model)
        heard = hold_chat(kind, way.dialect, provider, on.asked.json)
        assert heard is None or UNDERSTOOD[shape](heard)
    chunks = [orjson.loads(line[6:]) for line in said.body.splitlines() if line.startswith(b"data: {")]
    replies = chunks if stream else [said.json]
    assert any(reply.get("choices") for reply in replies)
    assert not any("error" in reply for reply in replies)


@pytest.mark.parametrize("kind", CHATTING)
async def test_only_headers_that_its_file_names_go_on(kind: str, tmp_path: Path) -> None:
    provider = REACHED[kind]
    way = provider.way("openai", "chat", stream=False)
    assert way is not None
    passed = {name: f"said-{index}" for index, name in enumerate(sorted(provider.passes))}
    async with stage(tmp_path, kind, unsupported="drop") as on:
        on.upstream.answer = reply_with(kind, way.dialect, stream=False)
        said = await on.sidecar.ask({"model": "there:m", "messages": [HELLO]}, APPLICATION | passed)
        assert said.status == 200, said.body
        hold_head(on.asked, provider, way.path)
        assert {name: on.asked.headers.get(name) for name in passed} == passed
        assert {name: on.asked.headers.get(name) for name in provider.headers.keys() - passed.keys()} == {
            name: text for name, text in provider.headers.items() if name not in passed
        }
        assert b"application" not in on.asked.head.replace(b"application/json", b"")


@pytest.mark.parametrize("kind", EMBEDDING)
async def test_embeddings_are_asked_for_in_the_provider_s_own_words(kind: str, tmp_path: Path) -> None:
    provider = REACHED[kind]
    way = provider.way("openai", "embeddings", stream=False)
    assert way is not None
    hold, model = HOLD_EMBEDDINGS[way.dialect]
    async with stage(tmp_path, kind) as on:
        on.upstream.answer = lambda asked: asked.link.whole(EMBEDDED[way.dialect])
        said = await on.sidecar.ask({"model": f"there:{model}", "input": ["Hellö?"]}, path="/v1/embeddings")
        assert said.status == 200, said.body
        asked = on.asked
        assert asked.line.split()[1] == base_path(provider) + filled(way.path, provider, model)
        assert [line for line in header_lines(asked) if KEY in line] == [
            f"{name}: {text}" for name, text in SIGNERS[provider.auth](KEY)
        ]
        hold(asked.json)
    assert [item["embedding"] for item in said.json["data"]] == [[0.5, -1.0]]


@pytest.mark.parametrize(("kind", "dialect"), HEARD)
async def test_a_caller_whose_dialect_it_speaks_is_relayed(kind: str, dialect: str, tmp_path: Path) -> None:
    provider, (path, body) = REACHED[kind], NATIVE[dialect]
    async with stage(tmp_path, kind) as on:
        on.upstream.answer = reply_with("", dialect, stream=False)
        said = await on.sidecar.ask(body, path=path)
        assert said.status == 200, said.body
        hold_head(on.asked, provider, provider.also[dialect]["chat"])
        assert on.asked.json == {**body, "model": "m"}
        WIRE_OF[dialect].hear(on.asked.json)
    assert said.body == answer("", dialect, body, stream=False)[0]


# ---- quirks


def odd_request(provider: Provider) -> Json:
    """A request that says everything this provider wants otherwise."""
    names = {*provider.refuses, *provider.renames, *provider.accepts, *provider.fixed, *provider.clamps}
    request = {"model": "there:m", "messages": [HELLO]} | {name: VALUES[name] for name in names if "." not in name}
    request |= {name: most + 0.25 for name, (_, most) in provider.clamps.items()}
    members = {name.removeprefix("messages."): VALUES[name] for name in names if name.startswith("messages.")}
    request["messages"] = [HELLO, {"role": "assistant", "content": "Hm.", **members}, HELLO]
    if "stream_options" in names:
        request["stream"] = True
    return request


@pytest.mark.parametrize("kind", ODD)
async def test_what_it_wants_otherwise_it_gets_otherwise(kind: str, tmp_path: Path) -> None:
    provider = REACHED[kind]
    request = odd_request(provider)
    stream = bool(request.get("stream"))
    async with stage(tmp_path, kind, unsupported="drop") as on:
        on.upstream.answer = reply_with(kind, "openai", stream)
        said = await on.sidecar.ask(request)
        assert said.status == 200, said.body
        wire = on.asked.json
    refused = {name for name in provider.refuses if "." not in name}
    assert wire.keys() & (refused | provider.renames.keys()) == set()
    assert {theirs: wire.get(theirs) for theirs in provider.renames.values()} == {
        theirs: VALUES[ours] for ours, theirs in provider.renames.items()
    }
    assert {name: wire.get(name) for name in provider.accepts} == {name: VALUES[name] for name in provider.accepts}
    assert wire.keys() & provider.fixed.keys() == set()
    assert {name: wire[name] for name in provider.clamps} == {name: most for name, (_, most) in provider.clamps.items()}
    members = {name.removeprefix("messages.") for name in provider.refuses if name.startswith("messages.")}
    assert all(members.isdisjoint(message) for message in wire["messages"])
    named = set(filter(None, said.headers.get("x-outrider-dropped", "").split(",")))
    assert named == {name for name in provider.refuses | provider.fixed.keys() if not is_neutral(name, VALUES[name])}
    cut = set(filter(None, said.headers.get("x-outrider-translated", "").split(",")))
    assert cut == set(provider.clamps)


def test_there_is_a_value_for_every_quirk() -> None:
    for provider in map(REACHED.__getitem__, ODD):
        assert {*provider.refuses, *provider.renames, *provider.accepts, *provider.fixed, *provider.clamps} <= {*VALUES}
