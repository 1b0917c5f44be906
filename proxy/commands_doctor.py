"""What `outrider doctor` does: a round of checks, shown with what to do for each that failed.

What is checked is in proxy/doctor. A configuration with a fault is told as `outrider check` tells it, and checked no further.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from proxy.terminal import Paint, Progress, complain, painter, safe, write

if TYPE_CHECKING:
    from proxy.config import Config, ConfigError
    from proxy.doctor.finding import Finding

OK, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
COLOURS: Mapping[str, str] = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}
WIDEST_STATE = max(map(len, COLOURS))


class Wanted(NamedTuple):
    """`provider`: one alone. `seconds`: for each step of a check. `keys`: a directory of them."""

    provider: str | None = None
    seconds: float = 5.0
    keys: str | None = None


def doctor(path: str | None, wanted: Wanted, *, as_json: bool = False) -> int:
    """Print what was found. 0: nothing failed; 1: something did; 2: wrong usage, or a faulty configuration; 130: interrupted."""
    from proxy import config
    from proxy.config.file import read

    try:
        loaded = config.load(path, os.environ, wanted.keys)
        file = config.locate(path, os.environ)
        written = (read(file) or {}).get("providers") or {} if file is not None else {}
    except config.ConfigError as error:
        show(faults(error), as_json=as_json)
        return REFUSED
    wrong = fault(loaded, wanted)
    if wrong is not None:
        complain([wrong])
        return REFUSED
    from proxy.doctor.finding import Finding
    from proxy.doctor.round import Round

    round_of_checks = Round(
        loaded, file, written, config.surroundings(loaded, os.environ), wanted.seconds, wanted.provider
    )
    try:
        found = asyncio.run(perform(round_of_checks))
    except KeyboardInterrupt:
        return INTERRUPTED
    whence = f"{file or 'built-in defaults'} ({config.fingerprint(loaded)}) holds"
    found = [Finding("configuration", "configuration", "ok", whence), *found]
    show(found, as_json=as_json)
    return FAILED if any(finding.state == "failed" for finding in found) else OK


async def perform(checks: Any) -> list[Finding]:
    async with Progress(checks.waiting, lambda: checks.total):
        found: list[Finding] = await checks.run()
        return found


def faults(error: ConfigError) -> list[Finding]:
    from proxy.doctor.finding import Finding

    return [
        Finding("configuration", safe(each.path), "failed", f"it is {each.value}", f"allowed: {each.allowed}")
        for each in error.every
    ]


def fault(loaded: Config, wanted: Wanted) -> str | None:
    if wanted.provider is None or wanted.provider in loaded.providers:
        return None
    return f"--provider {safe(wanted.provider)}: there is {', '.join(loaded.providers)}"


# ---- what is shown


def show(found: Sequence[Finding], *, as_json: bool) -> None:
    from proxy.doctor.finding import counted

    totals = counted(found)
    if as_json:
        report = {"ok": not totals["failed"], "counts": totals, "findings": [each._asdict() for each in found]}
        write(f"{json.dumps(report, indent=2)}\n")
    else:
        write("".join(f"{line}\n" for line in lines(found, totals, painter(sys.stdout, os.environ))))


def lines(found: Sequence[Finding], totals: Mapping[Any, int], paint: Paint) -> Iterator[str]:
    """Each with its advice below it; then how many there are of each state."""
    width = max((len(safe(each.subject)) for each in found), default=0)
    checks = max((len(each.check) for each in found), default=0)
    for each in found:
        state = paint(f"{each.state:<{WIDEST_STATE}}", COLOURS[each.state])
        yield f"{state}  {safe(each.subject):<{width}}  {each.check:<{checks}}  {safe(each.detail, 400)}"
        if each.advice:
            yield f"{'':<{WIDEST_STATE}}  {paint('->', 'bold')} {safe(each.advice, 400)}"
    yield ", ".join(paint(f"{count} {state}", COLOURS[state]) for state, count in totals.items() if count)
