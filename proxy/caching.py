"""From the configuration to the cache that calls meet: its rules, its stores, its keys; and what an operator may do with it.

What is kept goes on over a reload. aiocache is imported only where something is kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from proxy.cache.key import IGNORED, NAMING, REPEATED, context_of, digest
from proxy.cache.wish import HEADER, wish_of
from proxy.call import Call, Handler, Outcome, Policy, Target
from proxy.config import Config, ConfigError
from proxy.config.cache import Rule, rule_of
from proxy.limiting import same_place
from proxy.policies.keeping import refuse_only
from proxy.providers import Endpoint
from proxy.translate import Rules, course_to

if TYPE_CHECKING:
    from proxy.cache.shared import SharedCache
    from proxy.cache.store import Store
    from proxy.policies.cache import Cache

#: Longer requests are hashed in a thread.
LONG = 1 << 20
REMEMBERED = 512


class Context(NamedTuple):
    """What of a key is the same for calls to `targets`. `said`: the caller's headers that count; `ignored`: what does not."""

    hasher: Any
    wire: bool
    said: frozenset[str]
    ignored: frozenset[str]
    targets: Sequence[Target]


class Keys:
    """The key of a call. `namespace` and the headers `by` tell whose answers it may be given; `common` are the usual rules."""

    def __init__(self, namespace: str, by: tuple[str, ...], common: Rules) -> None:
        self._namespace = namespace
        self._by = frozenset(name.lower() for name in by)
        self._common = common
        self._known: dict[tuple[Any, ...], Context] = {}
        self._latest: dict[tuple[Any, ...], Context] = {}

    def __call__(self, call: Call) -> Awaitable[str | None] | str | None:
        """None where it has none. Of a long request it is to be waited for."""
        told = not call.stream or self._is_told(call)
        kind = (call.model, call.operation, call.stream, call.dialect, not call.changed, told)
        context = self._latest.get(kind)
        if context is None or context.targets is not call.targets:
            context = self._context(call, kind)
        hasher, caller = context.hasher, call.caller
        if not context.said.isdisjoint(caller):
            said = [(name, caller[name]) for name in sorted(context.said) if name in caller]
            hasher = hasher.copy()
            hasher.update(repr(said).encode("utf-8", "surrogateescape"))
        if len(call.body) > LONG:
            return asyncio.get_running_loop().run_in_executor(None, digest, hasher, call, context.wire, context.ignored)
        return digest(hasher, call, context.wire, context.ignored)

    def _context(self, call: Call, latest: tuple[Any, ...]) -> Context:
        """A model stands for the same targets most of the time."""
        kind = (*latest[1:], tuple((target.name, target.model, target.rules) for target in call.targets))
        found = self._known.get(kind) or self._make(call, latest[-1])
        if len(self._known) >= REMEMBERED or len(self._latest) >= REMEMBERED:
            self._known.clear()
            self._latest.clear()
        self._known[kind] = self._latest[latest] = found._replace(targets=call.targets)
        return found

    def _is_told(self, call: Call) -> object:
        """How a stream is wanted, as by whether its usage is asked for: what is kept serves nobody who wants another."""
        if not call.stream or call.dialect != "openai":
            return True
        options = call.json.get("stream_options") or {}
        told = (call.targets[0].rules or self._common).ask_usage or bool(options.get("include_usage"))
        besides = sorted(pair for pair in options.items() if pair[0] != "include_usage") if len(options) > 1 else ()
        return (told, str(besides)) if besides else told

    def _make(self, call: Call, told: object) -> Context:
        relayed = any(goes_as_it_is(call, target) for target in call.targets)
        wire = relayed and not call.changed
        passes = {name for target in call.targets for name in target.endpoint.provider.passes}
        places = [place(target.endpoint, target) for target in call.targets]
        rules = call.targets[0].rules or self._common
        dialect = call.dialect if wire else ""
        said = (call.operation, call.stream, told, dialect, places, list(rules), self._namespace)
        ignored = IGNORED - REPEATED if relayed and call.dialect == "responses" else IGNORED
        return Context(context_of(*said), wire, self._by | (passes - NAMING), ignored, call.targets)


def place(endpoint: Endpoint, target: Target) -> list[object]:
    headers = sorted((name.lower(), value) for name, value in endpoint.headers.items())
    return [endpoint.name, endpoint.kind, endpoint.base_url, headers, sorted(endpoint.options.items()), target.model]


def goes_as_it_is(call: Call, target: Target) -> bool:
    """Whether the caller's own bytes go up, in words that only its dialect has."""
    course = course_to(target.endpoint.provider, call.dialect, call.operation, call.stream)
    return call.dialect != "openai" and course is not None and course.anew is not None


class Off:
    """The Policy where nothing is kept: who wants a kept answer or none gets none."""

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        def handler(call: Call) -> Awaitable[Outcome]:
            if "cache" in call.json or "cache-control" in call.caller or HEADER in call.caller:
                refuse_only(wish_of(call))
            return next(call)

        return handler


class Caching:
    """`policy`, and `stores` by alias, "" for all others; empty where nothing is kept. Then `close`.

    Raises ConfigError where what is configured is not installed.
    """

    def __init__(
        self,
        config: Config,
        common: Rules,
        loop: asyncio.AbstractEventLoop,
        environ: Mapping[str, str],
        previous: Caching | None = None,
    ) -> None:
        self.rules = {"": rule_of(config.cache)} | {
            alias.model: rule_of(config.cache, alias.cache) for alias in config.models if alias.cache is not None
        }
        self.on = any(rule.enabled for rule in self.rules.values())
        self.stores: dict[str, Store] = {}
        self.shared: SharedCache | None = None
        self._sharing = config.sharing if config.cache.shared else None
        namespace = config.cache.namespace
        self.keys = Keys(environ.get("POD_NAMESPACE", "") if namespace is None else namespace, config.cache.by, common)
        self.cache: Cache | None = None
        if self.on:
            self.shared = self._shared(config, previous)
            self.stores = self._stores(previous)
            self.cache = self._cache(common, loop)

    @property
    def policy(self) -> Policy:
        return self.cache or Off()

    def _cache(self, common: Rules, loop: asyncio.AbstractEventLoop) -> Cache:
        from proxy.policies.cache import Cache
        from proxy.upstream.playback import Playback

        player = Playback(common, time.monotonic)
        return Cache(self.rules, self.stores, self.keys, player, loop, time.monotonic, time.time)

    def bounds(self) -> dict[str, tuple[float, float]]:
        """What could grow, and how far it may."""
        found: dict[str, tuple[float, float]] = {}
        for name, store in self.stores.items():
            found[f"cache_entries {name}".strip()] = len(store.own), store.own.entries
            found[f"cache_bytes {name}".strip()] = store.own.bytes, store.own.most_bytes
        if self.cache is not None:
            found["cache_streams_read"] = self.cache.reading
        if self.shared is not None:
            found["cache_writes"] = self.shared.writing
        return found

    async def close(self) -> None:
        """What a later one took over goes on."""
        if self.cache is not None:
            await self.cache.close()
        if self.shared is not None:
            await self.shared.close()

    def _shared(self, config: Config, previous: Caching | None) -> SharedCache | None:
        said = self._sharing
        if previous is not None and previous.shared is not None and same_place(said, previous._sharing):
            shared, previous.shared = previous.shared, None
            return shared
        if said is None:
            return None
        from proxy.cache.shared import SharedCache
        from proxy.redis_client import RedisMissing

        password = None if said.password is None else said.password.value
        try:
            return SharedCache(said.redis, said.prefix, said.timeout, said.username, password, time.monotonic)
        except RedisMissing as error:
            raise ConfigError("sharing", str(error), "an installed package") from None

    def _stores(self, previous: Caching | None) -> dict[str, Store]:
        before = {} if previous is None else previous.stores
        return {name: self._store(rule, before.get(name)) for name, rule in self.rules.items() if rule.own or not name}

    def _store(self, rule: Rule, before: Store | None) -> Store:
        from proxy.cache.bounded import BoundedCache
        from proxy.cache.store import Store

        own = BoundedCache(rule.entries, rule.bytes, time.time) if before is None else before.own
        own.resize(rule.entries, rule.bytes)
        return Store(own, self.shared, time.time)
