"""From the configuration to the limits that calls meet: the operator's, those learned of providers, and what pods share.

What did not change goes on over a reload: a limit that is half used stays so.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from random import Random
from secrets import token_hex
from typing import TYPE_CHECKING

from proxy.call import Call
from proxy.config import Config, ConfigError
from proxy.config.limits import Adaptive as Learning
from proxy.config.limits import Sharing, rules_of
from proxy.dialects.retry_after import parse_retry_after
from proxy.estimate import prompt_tokens
from proxy.policies.adaptive import Adaptive
from proxy.policies.limiter import Patience
from proxy.policies.rate_limit import RateLimit
from proxy.policies.scope import Kept, own_bucket
from proxy.policies.shared import shared_or_own
from proxy.ratelimits import Limits, limits_in
from proxy.upstream.road import Road

if TYPE_CHECKING:
    from proxy.upstream.shares import Shares


class Limiting:
    """`caller` and `target` are policies, None where there is nothing to keep. `start`, then `close`.

    `roads` are told where their answers are listened to. Raises ConfigError where what is configured is not installed.
    """

    def __init__(
        self, config: Config, roads: Mapping[str, Road], environ: Mapping[str, str], previous: Limiting | None = None
    ) -> None:
        self._beating = False
        self._sharing = config.sharing
        self._said = {name: entry.limits for name, entry in config.providers.items()}
        self.shares = self._shares(config.sharing, environ, previous)
        self.learned = self._learned(config, roads, previous)
        keys = {name: len(road.endpoint.keys) or 1 for name, road in roads.items()}
        build = own_bucket if self.shares is None else shared_or_own(self.shares)
        before: tuple[RateLimit | None, RateLimit | None]
        before = (None, None) if previous is None else (previous.caller, previous.target)
        callers, targets = (rules_of(config.limits, keys, where) for where in ("caller", "target"))
        caller = RateLimit(callers, asked_model, prompt_tokens, time.monotonic, build, previous=before[0])
        target = RateLimit(targets, provider_of, prompt_tokens, time.monotonic, build, self.learned, before[1])
        self.caller: RateLimit | None = caller if callers else None
        self.target: RateLimit | None = target if targets or self.learned else None

    @property
    def kept(self) -> list[Kept]:
        """Every limit there is."""
        return [limit for policy in (self.caller, self.target) if policy is not None for limit in policy.kept]

    def start(self) -> None:
        if self.shares is not None and not self._beating:
            self.shares.start_beating()

    async def close(self) -> None:
        """What a later one took over goes on."""
        if self.shares is not None:
            await self.shares.close()

    def _shares(self, said: Sharing | None, environ: Mapping[str, str], previous: Limiting | None) -> Shares | None:
        if previous is not None and previous.shares is not None and same_place(said, previous._sharing):
            shares, previous.shares = previous.shares, None
            self._beating = True
            return shares
        if said is None:
            return None
        from proxy.redis_client import RedisMissing
        from proxy.upstream.shares import Shares
        from proxy.upstream.store import RedisStore

        password = None if said.password is None else said.password.value
        try:
            store = RedisStore(said.redis, said.prefix, said.timeout, said.username, password)
        except RedisMissing as error:
            raise ConfigError("sharing", str(error), "an installed package") from None
        pod = f"{environ.get('POD_NAME') or environ.get('HOSTNAME') or 'pod'}:{token_hex(4)}"
        return Shares(store, pod, time.monotonic, Random())

    def _learned(self, config: Config, roads: Mapping[str, Road], previous: Limiting | None) -> dict[str, Adaptive]:
        """By provider. One whose section did not change has learned already."""
        found = {}
        for name, road in roads.items():
            said = config.providers[name].limits
            if not said.adaptive:
                continue
            before = None if previous is None or previous._said.get(name) != said else previous.learned.get(name)
            found[name] = before or learn(name, road, said)
            road.heard = found[name].heard
        return found


def learn(name: str, road: Road, said: Learning) -> Adaptive:
    provider, keys = road.endpoint.provider, len(road.endpoint.keys) or 1

    def read(headers: Mapping[str, str]) -> Limits | None:
        return limits_in(provider, tuple(headers.items()), time.time())

    return Adaptive(name, read, parse_retry_after, time.monotonic, said.share, Patience(said.wait, said.queue), keys)


def asked_model(call: Call) -> str:
    return call.model


def provider_of(call: Call) -> str:
    return "" if call.target is None else call.target.name


def same_place(one: Sharing | None, other: Sharing | None) -> bool:
    """Whether both mean the same store; secrets count by their values."""
    return one is not None and other is not None and told(one) == told(other)


def told(said: Sharing) -> tuple[object, ...]:
    password = None if said.password is None else said.password.value
    return said.redis, said.username, password, said.timeout, said.prefix
