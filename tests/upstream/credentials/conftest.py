"""Token endpoints and disks for the tests of credentials."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from proxy.upstream.credentials.ask import Asker
from tests.upstream.credentials.token_server import Files, TokenServer


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
