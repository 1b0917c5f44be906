"""Events on the owners of pods: what was done, where `kubectl describe` shows it. Told in the background, or not at all.

An admission only queues. What was told of an owner a while ago is not told again, and so many events a second leave, no more:
a cluster that creates pods by the thousand must not get events by the thousand. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from proxy.injector.refusal import ClusterError

EVENTS = "/apis/events.k8s.io/v1/namespaces/{}/events"
CONTROLLER, ACTION = "outrider.dev/injector", "Inject"
#: Result of an admission -> type and reason of its event; others have none.
REASONS: Mapping[str, tuple[str, str]] = {
    "injected": ("Normal", "Injected"),
    "skipped": ("Normal", "InjectionSkipped"),
    "refused": ("Warning", "InjectionRefused"),
    "failed": ("Warning", "InjectionFailed"),
}
#: characters of a note (the API server refuses more than 1024 bytes) and of a name, and of the reporting instance
LONGEST_NOTE, LONGEST_NAME, LONGEST_INSTANCE = 250, 200, 128
#: characters of what is told of an owner; the API server looks at them after us
LONGEST_TEXT = 253
#: What may get into a path or a name: DNS names, RFC 1123.
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.ASCII)


class Bounds(NamedTuple):
    """How many wait, how many are remembered and for how many seconds, how many a second leave."""

    waiting: int = 200
    remembered: int = 2000
    silence: float = 600.0
    rate: float = 5.0


class Told(NamedTuple):
    """regarding: the owner."""

    namespace: str
    regarding: Mapping[str, str]
    type: str
    reason: str
    note: str


class Events:
    """post: path and body, raising ClusterError. report: `sent`, `failed`, `dropped` or `repeated`. clock: seconds."""

    def __init__(
        self,
        post: Callable[[str, Mapping[str, Any]], Awaitable[object]],
        instance: str,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        report: Callable[[str], None],
        bounds: Bounds | None = None,
    ) -> None:
        self._post = post
        self._instance = instance[:LONGEST_INSTANCE] or "outrider-injector"
        self._clock = clock
        self._now = now
        self._report = report
        self._bounds = bounds or Bounds()
        self._waiting: asyncio.Queue[Told] = asyncio.Queue(self._bounds.waiting)
        self._remembered: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def tell(self, namespace: str, pod: Mapping[str, Any], result: str, note: str) -> None:
        """At once. A pod without an owner gets none: at its admission it has neither a uid nor, often, a name."""
        owner, known = owner_of(namespace, pod), REASONS.get(result)
        if owner is None or known is None:
            return
        told = Told(namespace, owner, *known, " ".join(note.split())[:LONGEST_NOTE])
        if self._is_repeated(told):
            self._report("repeated")
        elif self._waiting.full():
            self._report("dropped")
        else:
            self._waiting.put_nowait(told)

    async def run(self) -> None:
        """For ever."""
        while True:
            told = await self._waiting.get()
            try:
                await self._post(EVENTS.format(told.namespace), self._rendered(told))
                self._report("sent")
            except ClusterError:
                self._report("failed")
            await asyncio.sleep(1 / self._bounds.rate)

    def _is_repeated(self, told: Told) -> bool:
        now, key = self._clock(), (told.regarding["uid"], told.reason, told.note)
        before = self._remembered.get(key)
        if before is not None and now - before < self._bounds.silence:
            return True
        self._remembered[key] = now
        self._remembered.move_to_end(key)
        while len(self._remembered) > self._bounds.remembered:
            self._remembered.popitem(last=False)
        return False

    def _rendered(self, told: Told) -> dict[str, Any]:
        name = f"{told.regarding['name'][:LONGEST_NAME].rstrip('.-')}.{secrets.token_hex(8)}"
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": told.namespace},
            "eventTime": self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance,
            "action": ACTION,
            "reason": told.reason,
            "regarding": told.regarding,
            "note": told.note,
            "type": told.type,
        }


def owner_of(namespace: str, pod: Mapping[str, Any]) -> dict[str, str] | None:
    """The controller of a pod as an object reference, where all of it can be used."""
    metadata = pod.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    for each in owners if isinstance(owners, list) else ():
        if isinstance(each, dict) and each.get("controller") is True:
            found = {name: each.get(name) for name in ("apiVersion", "kind", "name", "uid")}
            texts = {
                name: value
                for name, value in found.items()
                if isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT
            }
            usable = len(texts) == len(found) and NAME.fullmatch(texts["name"]) and NAME.fullmatch(namespace)
            return {**texts, "namespace": namespace} if usable else None
    return None
