"""One provider as its file has it, at a local address that keeps the path of its own, behind a whole sidecar."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from proxy.providers import Provider, all_providers
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Asked
from tests.promises.upstream import Provider as Upstream

KEY = "sk-canary-0123456789abcdefghij"
GIVEN_PATH = "/given/v1"


#: Kinds that are not asked here: why, and where they are.
ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "mock": ("answers itself", "tests/upstream/mock"),
    "mock_anthropic": ("answers itself", "tests/sdk/test_mock_dialects.py"),
    "mock_openai": ("answers itself", "tests/sdk/test_mock_dialects.py"),
    "mock_vllm": ("answers itself", "tests/sdk/test_mock_dialects.py"),
    "replicate": ("its answers are jobs", "tests/upstream"),
    "runpod_queue": ("its answers are jobs", "tests/upstream"),
    "vertex": ("Google's credentials alone sign", "tests/providers/test_clouds.py"),
    "vertex_anthropic": ("Google's credentials alone sign", "tests/providers/test_clouds.py"),
    "vertex_openai": ("Google's credentials alone sign", "tests/providers/test_clouds.py"),
}
#: Every other kind: reached over the network, with a key or with none.
REACHED: Mapping[str, Provider] = {
    kind: provider for kind, provider in all_providers().items() if kind not in ELSEWHERE
}


def option(name: str) -> str:
    return f"an-{name.replace('_', '-')}"


def filled(text: str, provider: Provider, model: str = "m") -> str:
    """An address or path with the options of these tests."""
    holes = {name: option(name) for name in provider.options} | {"model": quote(model, safe="")}
    return re.sub(r"\{(\w+)\}", lambda hole: holes[hole[1]], text)


def base_path(provider: Provider) -> str:
    return GIVEN_PATH if provider.base_url is None else urlsplit(filled(provider.base_url, provider)).path


class Answering(Upstream):
    """Lists no models, whenever it is asked to; everything else is the test's to answer."""

    def take(self, asked: Asked) -> None:
        if asked.line.startswith("GET "):
            asked.link.whole({"data": []})
        else:
            super().take(asked)


class Stage(NamedTuple):
    sidecar: InLoop
    upstream: Upstream

    @property
    def asked(self) -> Asked:
        """The one request since the stage was set."""
        [asked] = self.upstream.requests
        return asked


@asynccontextmanager
async def stage(folder: Path, kind: str, key: Any = KEY, **sections: Any) -> AsyncIterator[Stage]:
    """The upstream answers when the test tells it to: set `upstream.answer`. `key` is as the configuration has it."""
    provider = REACHED[kind]
    async with Answering() as upstream:
        entry: dict[str, Any] = {"kind": kind, "base_url": upstream.url + base_path(provider)}
        if provider.auth != "none":
            entry["api_key"] = key
        if provider.options:
            entry["options"] = {name: option(name) for name in provider.options}
        async with sidecar(folder, {"there": entry}, **sections) as running:
            yield Stage(running, upstream)
