"""One round of the doctor: every check that a configuration asks for, side by side, each in its own time.

It knows who is asked what, and neither how that is shown nor what exit code it makes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path

from proxy.call import Failure
from proxy.config import Config, aliases, endpoints
from proxy.doctor.around import running_sidecar, store_finding
from proxy.doctor.aside import aside
from proxy.doctor.clock import clock_findings
from proxy.doctor.entrance import entrance_findings
from proxy.doctor.finding import FAILED, OK, WARNING, Finding
from proxy.doctor.local import ledger_findings, package_findings, port_findings, secret_findings
from proxy.doctor.providers import Checked, check_provider, off_finding
from proxy.roads import Roads
from proxy.routing import Router
from proxy.upstream.credentials.ask import Asker

HERE, STORE = "this machine", "sharing"


class Round:
    """`run` once. `waiting` names what is under way, of `total`.

    file: where the configuration was read, None where it was not. written: the providers that somebody wrote down.
    only: the one provider that is checked, and nothing else is; None for everything. seconds: for each step of a check.
    """

    def __init__(
        self,
        config: Config,
        file: Path | None,
        written: Collection[str],
        environ: Mapping[str, str],
        seconds: float,
        only: str | None = None,
    ) -> None:
        self._config = config
        self._file = file
        self._written = written
        self._environ = environ
        self._seconds = seconds
        self._only = only
        self._under_way: dict[str, None] = {}
        self._on, self._off = endpoints(config)
        names = [name for name, endpoint in self._on.items() if not endpoint.provider.mock]
        self._asked = {name: self._on[name] for name in names if only in (None, name)}
        self.total = len(self._asked)

    def waiting(self) -> list[str]:
        return list(self._under_way)

    async def run(self) -> list[Finding]:
        """In an order that does not depend on who answers first."""
        roads = Roads(self._config, self._asked, asyncio.get_running_loop(), lambda key: None, self._environ)
        checks: dict[str, Awaitable[Checked]] = {}
        if self._only is None:
            checks[HERE] = self._here(roads.asker)
        if self._only is None and self._config.sharing is not None:
            checks[STORE] = self._store()
        checks |= {name: check_provider(road, roads.asker, self._seconds) for name, road in roads.by_name.items()}
        self.total = len(checks)
        try:
            done = await asyncio.gather(*(self._noted(name, check) for name, check in checks.items()))
        finally:
            await roads.close()
        found = dict(zip(checks, done, strict=True))
        offsets = {name: each.offset for name, each in found.items() if each.offset is not None}
        clock = clock_findings(offsets) if self._asked else []
        return [*self._unasked(), *(finding for each in done for finding in each.findings), *clock]

    async def _noted(self, name: str, check: Awaitable[Checked]) -> Checked:
        self._under_way[name] = None
        try:
            return await check
        finally:
            del self._under_way[name]

    async def _here(self, asker: Asker) -> Checked:
        config = self._config
        sidecar = await running_sidecar(config.ops.hosts, config.ops.port, asker, self._seconds)
        work: dict[str, Callable[[], Iterator[Finding]]] = {
            "listen": partial(port_findings, "listen", config.listen.hosts, config.listen.port, sidecar),
            "ops": partial(port_findings, "ops", config.ops.hosts, config.ops.port, sidecar),
            "ledger": partial(ledger_findings, config),
            "permissions": partial(secret_findings, config, self._file),
            "package": partial(package_findings, config),
            "callers": partial(entrance_findings, config, time.time),
        }
        done = await asyncio.gather(*(self._blocking(check, look) for check, look in work.items()))
        return Checked([finding for found in done for finding in found])

    async def _blocking(self, check: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
        try:
            return await aside(lambda: list(look()), self._seconds)
        except TimeoutError:
            told = f"it did not come to an end within {self._seconds:g} s"
            return [Finding(HERE, check, FAILED, told, "a disk or a network file system hangs: look at the mounts")]

    async def _store(self) -> Checked:
        sharing = self._config.sharing
        return Checked([] if sharing is None else [await store_finding(sharing, self._seconds)])

    def _unasked(self) -> Iterator[Finding]:
        """What the configuration tells by itself: aliases that lead nowhere, providers that are off."""
        for name, why in self._off.items():
            if self._only == name or (self._only is None and name in self._written):
                yield off_finding(name, why)
        if self._only is None:
            yield from self._aliases()
            if not self._asked:
                advice = "set a provider's key, such as OPENAI_API_KEY; `outrider check` says what each one wants"
                yield Finding("providers", "configuration", WARNING, "none is on but the embedded mocks", advice)

    def _aliases(self) -> Iterator[Finding]:
        router = Router(self._on, self._off, aliases(self._config))
        for alias in self._config.models:
            try:
                targets = [f"{target.name}:{target.model}" for target in router.resolve(alias.model)]
                yield Finding(alias.model, "alias", OK, f"stands for {', '.join(targets)}")
            except Failure as failure:
                yield Finding(
                    alias.model, "alias", FAILED, failure.detail, "turn its provider on, or leave the alias out"
                )
