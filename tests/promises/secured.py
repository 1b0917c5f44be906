"""Sidecars with TLS and tokens on their data port, and callers that speak to them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.promises.caller import Caller
from tests.promises.sidecars import InLoop, InProcess, process, sidecar
from tests.upstream.certificates import Authority, Pair


def put_tokens(folder: Path, tokens: Mapping[str, str]) -> None:
    """As kubelet brings a Secret: all at once, through a link that is swapped."""
    versions = len(list(folder.glob("..v*"))) if folder.is_dir() else 0
    version = folder / f"..v{versions}"
    version.mkdir(parents=True)
    for name, token in tokens.items():
        (version / name).write_text(f"{token}\n", "latin-1")
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..new").symlink_to(version.name)
    (folder / "..new").rename(folder / "..data")


def tls_section(authority: Authority) -> dict[str, str]:
    pair = authority.issue("DNS:localhost")
    return {"certificate": str(pair.certificate), "key": str(pair.key)}


def trusting(authority: Authority, client: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    if client is not None:
        context.load_cert_chain(client.certificate, client.key)
    return context


async def connect(port: int, context: ssl.SSLContext) -> Caller:
    opened = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost", limit=1 << 20)
    return Caller(*opened)


@asynccontextmanager
async def in_loop_or_process(
    as_process: bool, folder: Path, providers: Mapping[str, object], listen: Mapping[str, object]
) -> AsyncIterator[InLoop | InProcess]:
    """The one runs on asyncio's TLS, the other on uvloop's."""
    made = process if as_process else sidecar
    async with made(folder, providers, listen=dict(listen)) as running:
        yield running
