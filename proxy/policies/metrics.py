"""What Prometheus is told about calls: the policy that counts them and the page that shows the counts.

A counter of aioprometheus costs 5 us a call and a histogram 3, so calls are counted in `series` and the collectors read
from there when somebody scrapes. What a gauge shows is its owner's affair, and who may scrape is the server's.
"""

from __future__ import annotations

import platform
import time
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from aioprometheus.collectors import Counter, Gauge, Histogram, Registry
from aioprometheus.formats.text import TEXT_CONTENT_TYPE, TextFormatter

from proxy import __version__
from proxy.call import CUT, Call, Failure, Handler, Outcome
from proxy.policies.families import COUNTERS, HISTOGRAMS, Family
from proxy.policies.series import Ended, Series

#: Calls that are counted together.
BATCH = 64
#: Samples that are written in one go; of a histogram each is a score of lines.
PART = 20
#: Lines with which aioprometheus begins whatever it writes of a metric: what it is for, and its type.
HEAD = 2
LABEL_SETS = 200
LABEL_LENGTH = 128
NO_PROVIDER = "none"
UNKNOWN_MODEL = "unknown"
OTHER_MODELS = "other"

#: aioprometheus 23.12 writes label values as they are. The text format 0.0.4 wants these escaped, and line feeds, which
#: never come here (https://prometheus.io/docs/instrumenting/exposition_formats/).
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\""})

Labels = dict[str, str]
Samples = Iterable[tuple[Labels, Any]]
Reading = float | Mapping[tuple[str, ...], float]


class Live:
    """A collector whose samples are read at the scrape instead of being kept in it."""

    read: Callable[[], Samples]
    part: list[tuple[Labels, Any]] | None = None

    def get_all(self) -> list[tuple[Labels, Any]]:
        """All of them, or the `part` that is to be written."""
        return list(self.read()) if self.part is None else self.part


class LiveCounter(Live, Counter):
    """Only goes up."""


class LiveGauge(Live, Gauge):
    """Goes up and down."""


class LiveHistogram(Live, Histogram):
    """Its samples are what `Distribution.read` gives."""


class Metrics:
    """Counts every call that passes, and renders the page.

    `time` is the clock of `Call.started`, in seconds; a call without a start is counted from its arrival here. `everywhere`:
    labels that every sample carries.
    """

    def __init__(
        self,
        time: Callable[[], float] = time.monotonic,
        version: str = __version__,
        everywhere: Mapping[str, str] | None = None,
    ) -> None:
        self.active = 0
        self.folded = 0
        self._time = time
        self._series: dict[tuple[str, str], Series] = {}
        self._ended: list[tuple[str, str, tuple[Any, ...]]] = []
        self._registry = Registry()
        self._everywhere = {name: escape(value) for name, value in (everywhere or {}).items()}
        for family in COUNTERS:
            self._register(LiveCounter, family.name, family.help, partial(self._samples, family))
        for family in HISTOGRAMS:
            self._register(LiveHistogram, family.name, family.help, partial(self._samples, family))
        self._register_own(version)

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        time, note = self._time, self._note

        async def counted(call: Call) -> Outcome:
            self.active += 1
            kind: str | None = "internal_error"
            began = call.started or time()
            try:
                outcome = await next(call)
                kind, call.usage, call.ttft = None, outcome.usage, outcome.ttft
                return outcome
            except Failure as failure:
                kind = failure.kind
                raise
            except CancelledError:
                kind = "draining" if call.phase == CUT else "client_gone"
                raise
            finally:
                self.active -= 1
                note(call, kind, max(0.0, time() - began))

        return counted

    @property
    def label_sets(self) -> tuple[int, int]:
        """How many there are, and how many there may be before new models fold into one."""
        return len(self._series), LABEL_SETS

    @property
    def series(self) -> Iterable[Series]:
        """What is counted, up to this moment."""
        self._count()
        return self._series.values()

    def gauge(self, name: str, help: str, read: Callable[[], Reading], labels: Sequence[str] = ()) -> None:
        """Show at each scrape what `read` returns: a number, or with `labels` a mapping from their values to numbers.

        Raises ValueError when the name is taken or is not one that Prometheus allows.
        """
        self._show(LiveGauge, name, help, read, labels)

    def count(self, name: str, help: str, read: Callable[[], Reading], labels: Sequence[str] = ()) -> None:
        """The same for what only goes up."""
        self._show(LiveCounter, name, help, read, labels)

    def _show(self, kind: type[Live], name: str, help: str, read: Callable[[], Reading], labels: Sequence[str]) -> None:

        def samples() -> Iterator[tuple[Labels, float]]:
            reading = read()
            for values, number in reading.items() if isinstance(reading, Mapping) else [((), reading)]:
                yield dict(zip(labels, map(escape, values), strict=True)), number

        self._register(kind, name, help, samples)

    def blocks(self) -> Iterator[bytes]:
        """The page as text format 0.0.4, some samples at a time: whoever sends it may do other things in between."""
        formatter = TextFormatter()
        for collector in cast(list[Any], self._registry.get_all()):
            samples = collector.get_all()
            for start in range(0, len(samples) or 1, PART):
                collector.part = samples[start : start + PART]
                lines = formatter.marshall_lines(collector)
                collector.part = None
                yield "\n".join((*lines[HEAD if start else 0 :], "")).encode()

    def render(self) -> tuple[bytes, str]:
        """The whole page and its content type."""
        return b"".join(self.blocks()), TEXT_CONTENT_TYPE

    def _note(self, call: Call, kind: str | None, seconds: float) -> None:
        """Only noted: counting many calls in a row is cheaper than counting each where other code has filled the caches."""
        found = call.target is not None or call.targets
        provider = NO_PROVIDER if call.target is None else call.target.name
        model = call.model if found and kind != "model_not_found" else UNKNOWN_MODEL
        used = call.usage, seconds, call.cache, call.saved, call.cost
        rest = (kind, call.phase, call.attempts, call.upstream_seconds, call.ttft, *used)
        self._ended.append((provider, model, rest))
        if len(self._ended) >= BATCH:
            self._count()

    def _count(self) -> None:
        for provider, model, rest in self._ended:
            series = self._series.get((provider, model)) or self._bind(clean(provider), clean(model))
            series.count(Ended._make(rest))
        self._ended.clear()

    def _bind(self, provider: str, model: str) -> Series:
        if (provider, model) not in self._series and len(self._series) >= LABEL_SETS:
            self.folded += 1
            model = OTHER_MODELS
        labels = {"provider": escape(provider), "model": escape(model)}
        return self._series.setdefault((provider, model), Series(labels))

    def _samples(self, family: Family) -> Iterator[tuple[Labels, Any]]:
        self._count()
        for series in self._series.values():
            value = family.read(series)
            if not family.label:
                # What was never observed is twenty lines of nothing.
                if not isinstance(value, dict) or value["count"]:
                    yield series.labels, value
                continue
            for word, number in value.items():
                yield {**series.labels, family.label: word}, number

    def _register(self, kind: type[Live], name: str, help: str, read: Callable[[], Samples]) -> None:
        collector = kind(name, help, const_labels=self._everywhere, registry=self._registry)  # type: ignore[call-arg]
        collector.read = read

    def _register_own(self, version: str) -> None:
        folded = "Calls counted under the model `other`, because there are too many models."
        build: Reading = {(version, platform.python_version()): 1.0}
        self._register(LiveCounter, "outrider_labels_folded_total", folded, lambda: [({}, self.folded)])
        self.gauge("outrider_build_info", "Always 1; the labels say what runs.", lambda: build, ("version", "python"))
        self.gauge("llm_active_connections", "Calls in progress.", lambda: self.active)


def clean(text: str) -> str:
    """A label value in one short line: what cannot be printed is left out, and so is what stands past LABEL_LENGTH."""
    return "".join(filter(str.isprintable, text[:LABEL_LENGTH])) or UNKNOWN_MODEL


def escape(text: str) -> str:
    return clean(text).translate(ESCAPES)
