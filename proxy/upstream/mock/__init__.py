"""The embedded provider: real providers' wires over an in-process socket pair; no port, no network, no key.

It exists so that an application can be run and its error handling tested without a provider. It knows nothing of the
rest of the house and refuses to share code with the dialects it is used to exercise. docs/mock.md is its manual.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from proxy.upstream.mock.server import MockServer

Range = tuple[float, float]
ProtocolT = TypeVar("ProtocolT", bound=asyncio.BaseProtocol)


@dataclass(frozen=True, slots=True)
class MockSettings:
    """Delays in seconds, as (lowest, highest): before the first token, and between one token and the next."""

    first_token: Range = (0.1, 0.2)
    inter_token: Range = (0.02, 0.02)


class Mock:
    """One mock on one wire (a name in wires.WIRES). All that it is made of is imported when it is first called: beside real
    providers it is always configured and hardly ever asked.
    """

    def __init__(self, wire: str, settings: MockSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._server: MockServer | None = None
        self._closed = False

    async def connect(self, protocol_factory: Callable[[], ProtocolT]) -> tuple[asyncio.Transport, ProtocolT]:
        """A new connection, as loop.create_connection gives it. Raises ConnectionRefusedError once closed."""
        if self._closed:
            raise ConnectionRefusedError("the mock provider is closed")
        if self._server is None:
            self._server = self._made()
        return await self._server.connect(protocol_factory)

    def close(self) -> None:
        """End every connection and refuse new ones."""
        self._closed = True
        if self._server is not None:
            self._server.close()

    def _made(self) -> MockServer:
        from proxy.upstream.mock.server import MockServer
        from proxy.upstream.mock.wires import WIRES

        return MockServer(self._settings, WIRES[self._wire])
