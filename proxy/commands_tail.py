"""What `outrider tail` does: the calls of a running sidecar as they end, those that are asked for, a line each.

It is fed by the ops port's `/status/events`. The sidecar's latest calls come first, and one that goes is waited for.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from proxy.call import KINDS
from proxy.terminal import Paint, complain, duration, painter, safe, write

OK, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
Fields = Mapping[str, Any]
#: Party at fault -> colour; red where it is someone whom somebody has to be called for.
COLOURS = {None: "green", "caller": "yellow", "policy": "yellow"}
WIDEST_MODEL, WIDEST_KIND = 36, 31


class Wanted(NamedTuple):
    """Which calls: those of which all of it holds. `model`, `provider`: patterns. `slower_than`: seconds. `kinds`: one of."""

    failed: bool = False
    model: str | None = None
    provider: str | None = None
    slower_than: float = 0.0
    kinds: tuple[str, ...] = ()

    def takes(self, call: Fields) -> bool:
        return (
            (call.get("kind") is not None or not self.failed)
            and (not self.kinds or call.get("kind") in self.kinds)
            and fits(call.get("model"), self.model)
            and fits(call.get("provider"), self.provider)
            and (not self.slower_than or (call.get("duration_ms") or 0.0) > self.slower_than * 1000)
        )


def fits(name: str | None, pattern: str | None) -> bool:
    return pattern is None or fnmatchcase(name or "", pattern)


def tail(url: str, wanted: Wanted, last: int, most: int | None, *, as_json: bool = False) -> int:
    """Print calls until `most` have been, or for ever. 0: done; 1: no sidecar there; 2: wrong usage; 130: interrupted."""
    wrong = url_fault(url) or kind_fault(wanted.kinds)
    if wrong is not None:
        complain([wrong])
        return REFUSED
    try:
        return asyncio.run(follow_calls(url.rstrip("/"), wanted, last, most, as_json=as_json))
    except KeyboardInterrupt:
        return INTERRUPTED


async def follow_calls(url: str, wanted: Wanted, last: int, most: int | None, *, as_json: bool) -> int:
    from proxy.upstream.ops_client import Unreachable

    paint = painter(sys.stdout, os.environ)
    shown = 0
    try:
        async with aclosing(chosen(url, wanted, last)) as calls:
            async for call in calls:
                line = json.dumps(call) if as_json else call_text(call, paint)
                shown += 1
                if not write(f"{line}\n") or shown == most:
                    return OK
    except Unreachable as trouble:
        complain([str(trouble)])
        return FAILED
    return OK


async def chosen(url: str, wanted: Wanted, last: int) -> AsyncGenerator[Fields, None]:
    """The latest `last` of the calls that were, then those that end: what was comes before the first `status`."""
    from proxy.upstream.ops_client import follow

    before: deque[Fields] | None = deque(maxlen=last)
    async with aclosing(follow(url, 0, lambda trouble: complain([f"{url}: {trouble}; trying again"]))) as events:
        async for event in events:
            if event.kind == "status" and before is not None:
                for call in before:
                    yield call
                before = None
            elif event.kind == "call" and wanted.takes(event.data):
                if before is None:
                    yield event.data
                else:
                    before.append(event.data)


def url_fault(url: str) -> str | None:
    try:
        place = urlsplit(url)
        good = place.scheme in ("http", "https") and bool(place.hostname) and place.port != 0 and " " not in url
    except ValueError:
        good = False
    return None if good else f"--url {url}: expected http://host:port"


def kind_fault(kinds: Iterable[str]) -> str | None:
    for kind in kinds:
        if kind not in KINDS:
            near = get_close_matches(kind, list(KINDS), n=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            return f"--kind {safe(kind)}: there is {', '.join(KINDS)}{meant}"
    return None


# ---- for people


def call_text(call: Fields, paint: Paint) -> str:
    """One call in one line: when, status, who was asked for what, how it ended, how long it took, and what else there is."""
    kind, party = call.get("kind"), party_of(call)
    verdict = "ok" if kind is None else f"{safe(kind)} ({party})"
    asked = asked_text(call)
    head = f"{safe(call.get('time') or '')[11:19]:<8}  {safe(call.get('status')):<3}  {asked:<{WIDEST_MODEL}}"
    colour = COLOURS.get(party, "red")
    rest = "  ".join(details(call))
    return (
        f"{head}  {paint(f'{verdict:<{WIDEST_KIND}}', colour)}  {duration(call.get('duration_ms')):>8}  {rest}".rstrip()
    )


def party_of(call: Fields) -> str | None:
    """Whose fault it is, as the feed says; by the kind where it does not."""
    kind = call.get("kind")
    if kind is None:
        return None
    return safe(call.get("party") or (KINDS[kind].party if kind in KINDS else "self"))


def asked_text(call: Fields) -> str:
    """`openai:gpt-4o`; an alias with whom it stood for, `fast -> openai:gpt-4o`."""
    model, provider, target = (safe(call.get(name) or "", 128) for name in ("model", "provider", "target_model"))
    answered = f"{provider}:{target or model}"
    if not provider or model in (answered, f"{provider}/{target}") or (not target and model.startswith(f"{provider}:")):
        return model
    return answered if model == target else f"{model} -> {answered}"


def details(call: Fields) -> Iterator[str]:
    """What differs from call to call, where there is any of it."""
    if call.get("ttft_ms") is not None:
        yield f"first token {duration(call['ttft_ms'])}"
    if call.get("tokens_in") is not None or call.get("tokens_out") is not None:
        about = "~" if call.get("estimated") else ""
        yield f"{about}{safe(call.get('tokens_in'))} in {about}{safe(call.get('tokens_out'))} out"
    if call.get("cost") is not None:
        yield f"${safe(call['cost'])}"
    if call.get("cache"):
        yield f"cache {safe(call['cache'])}"
    if (call.get("attempts") or 1) != 1:
        yield f"{safe(call['attempts'])} attempts"
    if call.get("tried"):
        yield f"tried {', '.join(map(safe, call['tried']))}"
    if call.get("dropped"):
        yield f"dropped {', '.join(map(safe, call['dropped']))}"
    yield safe(call.get("id") or "")
    if call.get("hint"):
        yield f"do: {safe(call['hint'])}"
