"""Tracing put together: the settings, the policies that follow calls, and the collector that their spans go to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import getrandbits, random

from proxy import __version__
from proxy.config.tracing import Settings
from proxy.policies.tracing import Sampling, Tracing
from proxy.tracing.otlp import render_resource, render_scope
from proxy.tracing.teller import Teller
from proxy.upstream.collector import Collector, Destination


class Traces:
    """`start` inside the loop; `close` when no call is in flight any more. `policy` is outermost, `policy.attempts` innermost."""

    def __init__(
        self,
        settings: Settings,
        hide: Callable[[str], None],
        clean: Callable[[bytes], bytes],
        scrub: Callable[[str], str] | None = None,
    ) -> None:
        """`hide` is told every secret that the collector is sent, `clean` takes all that are known out of spans.

        `scrub` takes what belongs to a person out of what calls say, where that is told.
        """
        entry = settings.entry
        headers = {name: value.value for name, value in settings.headers.items()}
        for value in headers.values():
            for secret in (value, *value.split()[1:]):
                hide(secret)
        to = Destination(
            settings.url,
            headers,
            settings.gzip,
            settings.timeout,
            entry.queue,
            min(entry.batch, entry.queue),
            entry.delay,
        )
        begin = render_resource(resource_of(settings)), render_scope("outrider", __version__)
        self.collector = Collector(to, begin, random, time.time)
        sampling = Sampling(settings.ratio, settings.parent, entry.errors)
        teller = Teller(clean, entry.content, scrub)
        self.policy = Tracing(sampling, teller, self.collector.put, time.monotonic, time.time, getrandbits)

    def start(self) -> None:
        self.collector.start()

    async def close(self, seconds: float) -> None:
        await self.collector.close(seconds)


def resource_of(settings: Settings) -> Mapping[str, str]:
    """https://opentelemetry.io/docs/specs/semconv/resource/: the service, and what made its spans."""
    return {
        "service.instance.id": f"{getrandbits(128):032x}",
        "service.version": __version__,
        **settings.resource,
        "service.name": settings.service,
        "telemetry.sdk.name": "outrider",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
    }
