"""For each recording the provider that it was recorded from, as configured: its kind, and the options that its address tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from zlib import crc32

from proxy.providers import Provider, Way, all_providers
from tests.matrix.recorded import RECORDINGS, Recording
from tests.replay.exceptions import FOR_RELAYS_ALONE, plain

#: Folder -> kinds of provider that it may have been recorded from, the likeliest first. All others are kinds themselves.
KINDS: Mapping[str, tuple[str, ...]] = {
    "azure": ("azure_openai", "azure_deployments", "azure_foundry"),
    "bedrock-converse": ("bedrock",),
    "bedrock-invoke": ("bedrock",),
    "bedrock-mantle": ("bedrock_openai",),
    "openai-responses": ("openai_responses",),
    "vertex": ("vertex", "vertex_express"),
    "vertex-anthropic": ("vertex_anthropic",),
}
#: What is asked of a provider that has no file, or in a dialect that its file does not name.
OF_DIALECTS: Mapping[str, str] = {"openai": "openai_compatible", "responses": "openai_responses"}
#: What says the same in another frame.
FRAMED: Mapping[str, str] = {"vertex_claude": "anthropic"}
#: Options that no address tells.
SAMPLES: Mapping[str, str] = {"region": "us-east-1", "account_id": "me", "endpoint_id": "e"}


class Road(NamedTuple):
    """`options` are pairs; `model` is as the provider calls it; `way` is what the provider's file says for such a call."""

    kind: str
    options: tuple[tuple[str, str], ...]
    model: str
    way: Way
    address_fits: bool

    @property
    def provider(self) -> Provider:
        return all_providers()[self.kind]

    @property
    def is_of_a_file(self) -> bool:
        """Whether the provider has a file of its own, which names its address."""
        return self.kind not in OF_DIALECTS.values() or self.kind == "openai_responses"

    @property
    def entry(self) -> str:
        """A name in the configuration; those of the same kind with the same options share it."""
        return f"{self.kind}-{crc32(repr(self.options).encode()):08x}"


@cache
def road_of(name: str, client: str = "") -> Road:
    """The way there for a client of this dialect, or of the recording's own."""
    roads = list(roads_of(RECORDINGS[name], client or RECORDINGS[name].dialect.name))
    return next((road for road in roads if road.address_fits), roads[0])


def translated_for(name: str) -> str | None:
    """The dialect of an application that is not the recording's own; None where such a one is not translated to this wire."""
    recording = RECORDINGS[name]
    if not recording.is_chat or recording.dialect.name in FOR_RELAYS_ALONE:
        return None
    return "anthropic" if recording.dialect.name == "openai" else "openai"


def clients_of(name: str) -> list[str]:
    """Who asks for it: an application of its own dialect, and one of another."""
    own, other = RECORDINGS[name].dialect.name, translated_for(name)
    return [own, other] if other else [own]


def roads_of(recording: Recording, client: str) -> Iterator[Road]:
    folder = recording.folder
    kinds = KINDS.get(folder, (folder.replace("-", "_"),))
    for kind in (*kinds, OF_DIALECTS.get(recording.dialect.name)):
        provider = all_providers().get(kind or "")
        way = provider and provider.way(client, recording.operation, asks_for_stream(recording))
        if kind and provider and way and recording.dialect.name in (way.dialect, FRAMED.get(way.dialect)):
            yield road(recording, kind, provider, way)


def road(recording: Recording, kind: str, provider: Provider, way: Way) -> Road:
    url = address_of(recording)
    fits = re.fullmatch(pattern_of(f"{provider.base_url or ''}{way.path}"), url)
    found = {name: unquote(value) for name, value in fits.groupdict().items()} if fits else {}
    model = found.pop("model", None) or model_of(recording, url)
    usual = {name: option.default or SAMPLES.get(name, "sample") for name, option in provider.options.items()}
    options = {name: value for name, value in (usual | found).items() if name in provider.options}
    return Road(kind, tuple(sorted(options.items())), model, way, fits is not None)


def address_of(recording: Recording) -> str:
    """Where it was recorded, "" where that was not kept."""
    return plain((recording.json.get("request") or {}).get("url") or "")


def pattern_of(address: str) -> str:
    """Each `{name}` in an address by what stands there, the same one twice by the same thing."""
    seen: set[str] = set()

    def hole(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>[^/?]+)"

    return re.sub(r"\\\{(\w+)\\\}", hole, re.escape(address))


def model_of(recording: Recording, url: str) -> str:
    in_path = re.search(r"/(?:models|model|deployments)/([^/]+?)(?::\w+)?(?:/[^/]+)*$", urlsplit(url).path)
    body = (recording.request or {}).get("model")
    return str(body or (in_path and unquote(in_path[1])) or recording.json.get("model") or "some-model")


def asks_for_stream(recording: Recording) -> bool:
    """By the request; where that was not kept, by the answer."""
    if recording.request is None:
        return recording.is_stream
    if recording.api in ("stream-generate", "converse-stream", "invoke-stream"):
        return True
    if recording.dialect.name == "ollama" and recording.is_chat:
        return recording.request.get("stream") is not False
    return recording.request.get("stream") is True
