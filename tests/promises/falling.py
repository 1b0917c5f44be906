"""A sidecar whose alias falls back from one provider to others, each of its own dialect and with a script of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.promises.dialects import WIRES, like
from tests.promises.scripts import Act, Script, alias, refuses
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Provider

TIMES = {"timeouts": {"first_byte": 0.3, "total": 0.4}}
BROKEN = refuses(500)


class Scene(NamedTuple):
    """A sidecar with an alias `fast`, whose target is `up`, and others to fall back on; what each of them was asked."""

    running: InLoop
    scripts: Mapping[str, Script]
    providers: Mapping[str, Provider]

    def asked(self) -> dict[str, int]:
        return {name: script.count for name, script in self.scripts.items()}


@asynccontextmanager
async def scene(directory: Path, acts: Mapping[str, tuple[str, Act]], **sections: Any) -> AsyncIterator[Scene]:
    """`acts`: provider -> its dialect and what it does; the first one is the target of `fast`, the others its fallbacks."""
    first, *others = acts
    models = [alias(first, fallback=[f"{name}:m-{name}" for name in others])]
    async with AsyncExitStack() as stack:
        scripts = {name: Script(act) for name, (_, act) in acts.items()}
        providers = {name: await stack.enter_async_context(Provider(script)) for name, script in scripts.items()}
        entries = {
            name: like(WIRES[dialect], providers[name].url, **(TIMES if name == first else {}))
            for name, (dialect, _) in acts.items()
        }
        sections = {"models": models, "timeouts": {"total": 20}, **sections}
        running = await stack.enter_async_context(sidecar(directory, entries, **sections))
        yield Scene(running, scripts, providers)
