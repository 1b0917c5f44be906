"""A sidecar as a pod starts it: `outrider serve` on two directories that are mounted, and filled or not as the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.config.test_mounts import publish
from tests.promises.caller import get, until
from tests.promises.sidecars import MOCK, ONE_ATTEMPT, UNLISTED, InProcess, started


class Pod(InProcess):
    """`configure` and `put_keys` replace what is mounted, whole, as kubelet does."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        super().__init__(process, log)
        self.directory = log.parent
        self._published = 0

    def configure(self, providers: Mapping[str, Any], **sections: Any) -> None:
        entries = {name: UNLISTED | entry for name, entry in providers.items()}
        written = {"providers": {**MOCK, **entries}, **ONE_ATTEMPT, **sections}
        self._publish("config", {"config.yaml": yaml.safe_dump(written)})

    def put_keys(self, **files: str) -> None:
        self._publish("keys", files)

    def delete(self, what: str) -> None:
        self._publish(what, {})

    def _publish(self, what: str, files: Mapping[str, str]) -> None:
        self._published += 1
        publish(self.directory / what, self._published, **files)

    async def reloads(self, result: str, number: int) -> None:
        """Wait until so many have come to this."""

        async def counted() -> bool:
            return await self.counted("outrider_config_reloads_total", result=result) >= number

        await until(counted)

    async def reload(self) -> list[str]:
        """Do not wait until it looks by itself. The faults it found."""
        faults: list[str] = (await get(self.ops, "/reload", "POST")).json["faults"]
        return faults

    async def ready(self) -> int:
        return (await get(self.ops, "/readyz")).status


@asynccontextmanager
async def pod(directory: Path, environ: Mapping[str, str] | None = None) -> AsyncIterator[Pod]:
    for name in ("config", "keys"):
        (directory / name).mkdir(exist_ok=True)
    arguments = ["--config", str(directory / "config"), "--keys", str(directory / "keys")]
    ports = {"OUTRIDER_PORT": "0", "OUTRIDER_OPS_PORT": "0"}
    async with started(Pod, directory, arguments, {**ports, **(environ or {})}) as running:
        yield running
