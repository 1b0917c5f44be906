"""From configured providers to the roads that lead to them: pools, connectors, patience, keys to hide, the embedded mock."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from ssl import cert_time_to_seconds

from yarl import URL

from proxy.config import Config, ConfigError, ProviderEntry
from proxy.config.values import check_key
from proxy.providers import Endpoint
from proxy.translate import Rules
from proxy.upstream.connection import Connection
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.choice import Surroundings, signs_for
from proxy.upstream.credentials.watched import Watched
from proxy.upstream.dial import Dialer, proxy_for
from proxy.upstream.fetch import Reach
from proxy.upstream.lists import LiveLists
from proxy.upstream.mock import Mock, MockSettings
from proxy.upstream.pool import Dial, Limits, Pool
from proxy.upstream.road import Road, Timeouts

log = logging.getLogger(__name__)


class Roads:
    """`by_name` has the road to each endpoint. `close` when no call is in flight any more."""

    def __init__(
        self,
        config: Config,
        endpoints: Mapping[str, Endpoint],
        loop: asyncio.AbstractEventLoop,
        hide: Callable[[str], None],
        environ: Mapping[str, str],
    ) -> None:
        self._loop = loop
        self._hide = hide
        self.asker = Asker()
        self._around = Surroundings(environ, self.asker)
        self._dialer = Dialer(loop)
        self.dial = self._dialer.dial
        self._mocks: list[Mock] = []
        #: Name of an endpoint -> when the certificate ends that it showed last, as TLS tells it.
        self._not_after: dict[str, str] = {}
        hide_keys(config, endpoints, hide)
        self.by_name = {name: self._road(endpoint, config.providers[name]) for name, endpoint in endpoints.items()}
        chosen = {name: said for name in endpoints if (said := config.providers[name].list_models) is not None}
        self.lists = LiveLists(self.by_name, chosen, self.asker, time.monotonic, time.time)
        self._key_files = key_files(config, endpoints)
        self.watched = Watched(list(self._key_files), self._rekey)

    def start(self) -> None:
        """Look for other keys in the files that hold them. Nothing is asked of anyone."""
        self.watched.start()

    async def close(self) -> None:
        self.watched.close()
        await self.lists.close()
        for road in self.by_name.values():
            road.pool.discard_idle()
            if road.signs is not None:
                road.signs.close()
        await self.asker.close()
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

    def certificates(self) -> dict[tuple[str, ...], float]:
        """When the certificate that an endpoint showed last is no longer valid, in seconds since the epoch."""
        return {(name,): float(cert_time_to_seconds(until)) for name, until in self._not_after.items()}

    def waits(self) -> dict[tuple[str, ...], float]:
        """Seconds that calls have spent until a connection was free, and until a new one stood: by endpoint and stage."""
        found: dict[tuple[str, ...], float] = {}
        for name, road in self.by_name.items():
            found[name, "connection"] = road.pool.waited
            found[name, "connect"] = road.pool.dialled
        return found

    def bounds(self) -> dict[str, tuple[float, float]]:
        """What could grow here: fill and limit."""
        found: dict[str, tuple[float, float]] = {}
        for name, road in self.by_name.items():
            pool = road.pool.statistics()
            found[f"connections:{name}"] = (pool["active"], pool["maximum"])
            found[f"queue:{name}"] = (pool["waiting"], road.pool.limits.queue)
        found["listed_models"] = (self.lists.fill, self.lists.limit)
        return found

    def _road(self, endpoint: Endpoint, entry: ProviderEntry) -> Road:
        name, origin = endpoint.name, URL(endpoint.base_url).origin()
        limits = Limits(
            entry.pool.connections, entry.pool.idle, entry.pool.idle_seconds, entry.pool.queue, entry.timeouts.connect
        )
        dial = self._dial_mock(endpoint, entry) if endpoint.provider.mock else partial(self._dial, name, origin)
        patience = Timeouts(
            entry.timeouts.first_byte, entry.timeouts.idle, entry.timeouts.total, entry.timeouts.opening
        )
        proxy = None if endpoint.provider.mock else proxy_for(origin)
        signs = signs_for(endpoint, self._around)
        return Road(endpoint, Pool(name, dial, limits, self._loop), patience, proxy, signs)

    async def _dial(self, name: str, origin: URL) -> Connection:
        connection = await self._dialer.dial(origin)
        # asyncio has read it for itself, when the connection stood.
        certificate = connection.transport.get_extra_info("peercert")
        if certificate:
            self._not_after[name] = certificate["notAfter"]
        return connection

    def _rekey(self, path: Path, text: str) -> bool:
        try:
            key = check_key(text, str(path), str(path))
        except ConfigError:
            return False
        users = self._key_files[path]
        if all(old == key.value for _, old in users):
            return True
        self._hide(key.value)
        for name, old in users:
            self.by_name[name].rekey(old, key.value)
        self._key_files[path] = [(name, key.value) for name, _ in users]
        log.info("a key was read anew", extra={"file": str(path), "providers": sorted({name for name, _ in users})})
        return True

    def _dial_mock(self, endpoint: Endpoint, entry: ProviderEntry) -> Dial:
        mock = Mock(endpoint.provider.mock, mock_settings(entry))
        self._mocks.append(mock)

        async def dial() -> Connection:
            return (await mock.connect(lambda: Connection(self._loop)))[1]

        return dial


def key_files(config: Config, endpoints: Mapping[str, Endpoint]) -> dict[Path, list[tuple[str, str]]]:
    """The files that hold keys: for each the endpoints that sign with it, and the key it held."""
    found: dict[Path, list[tuple[str, str]]] = {}
    for name in endpoints:
        entry = config.providers[name]
        for key in entry.api_keys or filter(None, (entry.api_key,)):
            if key.file is not None:
                found.setdefault(key.file, []).append((name, key.value))
    return found


def hide_keys(config: Config, endpoints: Mapping[str, Endpoint], hide: Callable[[str], None]) -> None:
    for endpoint in endpoints.values():
        for key in (endpoint.key, *endpoint.keys):
            if key:
                hide(key)
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
