"""Several providers before one sidecar, each of which says its own name; what each was asked is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.promises.caller import Answer
from tests.promises.scripts import HELLO, Script, says
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider


class Scene:
    """A sidecar with the alias `fast`; `scripts` and `providers` are by the provider's name."""

    def __init__(self, running: InLoop, scripts: Mapping[str, Script], providers: Mapping[str, Provider]) -> None:
        self.running = running
        self.scripts = scripts
        self.providers = providers

    async def ask(self, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        return await self.running.ask({"model": "fast", "messages": HELLO, **more}, headers)

    async def who(self, headers: Mapping[str, str] | None = None, **more: Any) -> str:
        """Who answers; the receipt says the same as the answer."""
        answer = await self.ask(headers, **more)
        assert answer.status == 200, answer
        said: str = answer.json["choices"][0]["message"]["content"]
        assert answer.headers["x-outrider-provider"] == said
        return said

    async def whos(self, times: int, **more: Any) -> Counter[str]:
        return Counter([await self.who(**more) for _ in range(times)])

    def asked(self) -> dict[str, int]:
        return {name: script.count for name, script in self.scripts.items()}


@asynccontextmanager
async def before(
    directory: Path, names: Sequence[str], model: Mapping[str, Any], entry: Mapping[str, Any] | None = None, **more: Any
) -> AsyncIterator[Scene]:
    """`model`: the alias `fast`, whose targets are the model `m` of each of these where it does not say."""
    targets = [{"provider": name, "model": "m"} for name in names]
    alias = {"model": "fast", "targets": targets, **model}
    async with AsyncExitStack() as stack:
        scripts = {name: Script(says(name)) for name in names}
        providers = {name: await stack.enter_async_context(Provider(script)) for name, script in scripts.items()}
        entries = {name: openai_like(provider.url, **(entry or {})) for name, provider in providers.items()}
        models = [alias, *more.pop("others", ())]
        running = await stack.enter_async_context(sidecar(directory, entries, models=models, **more))
        yield Scene(running, scripts, providers)
