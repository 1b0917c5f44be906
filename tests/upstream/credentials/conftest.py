"""Token endpoints and disks for the tests of credentials."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from proxy.upstream.credentials import aws_metadata
from proxy.upstream.credentials.ask import Asker
from tests.upstream.credentials.token_server import Files, TokenServer


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node's own server answers at once; a test's may have to wait for a busy machine. Tests of the bound set their own."""
    monkeypatch.setattr(aws_metadata, "INSTANCE_SECONDS", 10.0)


@pytest.fixture
async def server() -> AsyncIterator[TokenServer]:
    server = TokenServer()
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    asker = Asker()
    yield asker
    await asker.close()


@pytest.fixture
def files() -> Files:
    return Files()
