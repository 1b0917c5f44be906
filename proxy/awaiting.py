"""A pod whose configuration or keys are not there yet: who asks is told to come back, and the log says what is missing.

It knows what is awaited and not how that comes: then there is another configuration, and with it another router.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from proxy.call import Failure, Target
from proxy.config import Config, InPod
from proxy.config.options import Keyless
from proxy.providers import Endpoint, Provider
from proxy.routing import Offers, Router

#: Seconds after which a caller may ask again. Kubelet brings a new object within a minute or so; an SDK waits no minute.
RETRY_AFTER = 5.0
log = logging.getLogger("outrider")


class AwaitingRouter(Router):
    """`awaited`: those of `off` that may yet come on. `no_file`: that there is no configuration yet, in words; else ""."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        off: Mapping[str, str],
        aliases: Mapping[str, Sequence[tuple[Any, ...]]],
        kinds: Mapping[str, Provider] | None = None,
        rules: Mapping[str, Any] | None = None,
        offers: Offers | None = None,
        awaited: Collection[str] = (),
        no_file: str = "",
    ) -> None:
        super().__init__(endpoints, off, aliases, kinds, rules, offers)
        self._awaited = frozenset(awaited)
        self._no_file = no_file

    def provider(self, name: str) -> Endpoint:
        try:
            return super().provider(name)
        except Failure as failure:
            raise self._later(failure, [name]) from None

    def _find(self, model: str) -> tuple[Target, ...]:
        try:
            return super()._find(model)
        except Failure as failure:
            named = [pair[0] for pair in self._aliases.get(model, ())]
            raise self._later(failure, named or self._pointed(model)) from None

    def _later(self, failure: Failure, named: Collection[str]) -> Failure:
        """The failure, as one that time may mend where it may."""
        if not self._no_file and self._awaited.isdisjoint(named):
            return failure
        detail = "; ".join(filter(None, [self._no_file, failure.detail]))
        return Failure("no_healthy_target", detail, retry_after=RETRY_AFTER)


def tell_awaited(config: Config) -> None:
    """What is missing, once for each configuration: a directory that is empty, and providers that somebody has listed."""
    if not isinstance(config, InPod):
        return
    for missing in config.missing:
        log.warning("something is not there yet", extra={"missing": missing})
    for name in config.listed:
        entry = config.providers[name]
        if isinstance(entry, Keyless):
            log.warning("a provider waits for its key", extra={"provider": name, "missing": entry.why})
