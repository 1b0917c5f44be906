"""From configured providers to the roads that lead to them: pools, connectors, patience, keys to hide, the embedded mock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from yarl import URL

from proxy.config import Config, ProviderEntry
from proxy.providers import Endpoint
from proxy.translate import Rules
from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer, proxy_for
from proxy.upstream.fetch import Reach
from proxy.upstream.mock import MockServer, MockSettings
from proxy.upstream.pool import Dial, Limits, Pool
from proxy.upstream.road import Road, Timeouts

MOCK = "mock"


class Roads:
    """`by_name` has the road to each endpoint. `close` when no call is in flight any more."""

    def __init__(
        self,
        config: Config,
        endpoints: Mapping[str, Endpoint],
        loop: asyncio.AbstractEventLoop,
        hide: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._dialer = Dialer(loop)
        self._mocks: list[MockServer] = []
        hide_keys(config, endpoints, hide)
        self.by_name = {name: self._road(endpoint, config.providers[name]) for name, endpoint in endpoints.items()}

    async def close(self) -> None:
        for road in self.by_name.values():
            road.pool.discard_idle()
        for mock in self._mocks:
            mock.close()
        await self._dialer.close()

    def connections(self) -> dict[tuple[str, ...], float]:
        """How many connections there are, by endpoint and state."""
        return {
            (name, state): number
            for name, road in self.by_name.items()
            for state, number in road.pool.statistics().items()
        }

    def bounds(self) -> dict[str, tuple[float, float]]:
        """What could grow here: fill and limit."""
        found: dict[str, tuple[float, float]] = {}
        for name, road in self.by_name.items():
            pool = road.pool.statistics()
            found[f"connections:{name}"] = (pool["active"], pool["maximum"])
            found[f"queue:{name}"] = (pool["waiting"], road.pool.limits.queue)
        return found

    def _road(self, endpoint: Endpoint, entry: ProviderEntry) -> Road:
        origin = URL(endpoint.base_url).origin()
        limits = Limits(
            entry.pool.connections, entry.pool.idle, entry.pool.idle_seconds, entry.pool.queue, entry.timeouts.connect
        )
        dial = self._dial_mock(entry) if endpoint.kind == MOCK else partial(self._dialer.dial, origin)
        patience = Timeouts(
            entry.timeouts.first_byte, entry.timeouts.idle, entry.timeouts.total, entry.timeouts.opening
        )
        proxy = None if endpoint.kind == MOCK else proxy_for(origin)
        return Road(endpoint, Pool(endpoint.name, dial, limits, self._loop), patience, proxy)

    def _dial_mock(self, entry: ProviderEntry) -> Dial:
        server = MockServer(mock_settings(entry))
        self._mocks.append(server)

        async def dial() -> Connection:
            return (await server.connect(lambda: Connection(self._loop)))[1]

        return dial


def hide_keys(config: Config, endpoints: Mapping[str, Endpoint], hide: Callable[[str], None]) -> None:
    for endpoint in endpoints.values():
        if endpoint.key:
            hide(endpoint.key)
    for entry in config.providers.values():
        for secret in entry.headers.values():
            hide(secret.value)


def mock_settings(entry: ProviderEntry) -> MockSettings:
    if entry.mock is None:
        return MockSettings()
    first, rest = entry.mock.first_token_ms, entry.mock.inter_token_ms
    return MockSettings((first.low / 1000, first.high / 1000), (rest.low / 1000, rest.high / 1000))


def reach_of(config: Config) -> Reach:
    """How far fetching goes; nowhere where it is off. Services of one's own listen on any port."""
    fetch = config.fetch
    reach = Reach(fetch.allow_http, fetch.allow_private, limit=fetch.limit, seconds=fetch.timeout)
    reach = replace(reach, ports=None) if fetch.allow_private else reach
    return reach if fetch.enabled else replace(reach, per_call=0)


def common_rules(config: Config) -> Rules:
    """What translations may do where an alias does not say otherwise."""
    return Rules(config.unsupported, config.stream_usage == "ask")


def alias_rules(config: Config) -> dict[str, Rules]:
    return {
        alias.model: common_rules(config)._replace(unsupported=alias.unsupported)
        for alias in config.models
        if alias.unsupported is not None
    }
