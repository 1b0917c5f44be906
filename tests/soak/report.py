"""The report of a soak as text: what was asked, how it ended, how long it took, what the memory did, and what was wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.soak.book import Ended
from tests.soak.house import Sample
from tests.soak.result import Result

OUTCOMES = ("good", "refused", "broken", "left", "lost")
PARTS = (0.5, 0.95, 0.99)
#: Lines of the memory's curve.
POINTS = 20


def render(result: Result) -> str:
    return "\n".join([*head(result), *outcomes(result), *happened(result), *memory(result), *verdict(result)]) + "\n"


def head(result: Result) -> Iterator[str]:
    plan, calls = result.plan, len(result.book.calls)
    rate = calls / plan.seconds
    yield f"soak: {plan.seconds:g} s, {plan.applications} applications, {calls:,} calls ({rate:.0f}/s), seed {plan.seed}"
    yield ""


def table(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The first column to the left, the others to the right."""
    said = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*said, strict=True)]
    for first, *rest in said:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells]).rstrip()


def outcomes(result: Result) -> Iterator[str]:
    calls = list(result.book.calls.values())
    names = sorted({(ended.speech, ended.stream) for ended in calls})
    rows: list[list[object]] = [["", *OUTCOMES, *(f"p{part * 100:g} ms" for part in PARTS)]]
    for speech, stream in names:
        some = [ended for ended in calls if (ended.speech, ended.stream) == (speech, stream)]
        rows.append([f"{speech}{', streamed' if stream else ''}", *counts(some), *latencies(some)])
    rows.append(["in all", *counts(calls), *latencies(calls)])
    yield from table(rows)
    yield ""


def counts(calls: Sequence[Ended]) -> list[str]:
    found = Counter(ended.outcome for ended in calls)
    return [f"{found[name]:,}" for name in OUTCOMES]


def latencies(calls: Sequence[Ended]) -> list[str]:
    """Of what ended well."""
    seconds = sorted(ended.seconds for ended in calls if ended.outcome == "good")
    return [f"{seconds[int(len(seconds) * part)] * 1000:.1f}" if seconds else "-" for part in PARTS]


def happened(result: Result) -> Iterator[str]:
    book = result.book
    faults = ", ".join(f"{name} {number:,}" for name, number in sorted(book.faults.items()))
    yield f"faults    {sum(book.faults.values()):,}: {faults}"
    yield "requests  " + ", ".join(f"{name} {number:,}" for name, number in sorted(book.requests.items()))
    yield f"restarts  {book.restarts} of providers; reloads {book.reloads['taken']} taken, {book.reloads['refused']} refused"
    yield (
        f"attempts  {result.retried:,.0f} made again, {result.fallen_back:,.0f} at a fallback, "
        f"{result.hedged:,.0f} beside a slow one; breakers opened {result.opened:,} times"
    )
    yield f"log       {result.lines:,} lines of calls, each compared with what its application saw"
    yield f"end       exit code {result.code}, {result.ending:.1f} s after SIGTERM"
    yield ""


def memory(result: Result) -> Iterator[str]:
    rows: list[list[object]] = [["at", "resident MB", "descriptors", "in flight", "calls"]]
    step = max(1, -(-len(result.samples) // POINTS))
    rows += [row(sample) for sample in result.samples[::step]]
    yield from table(rows)
    before, after = result.before, result.after
    yield f"growth after {result.plan.warm:g} s: {result.growth / 1e6:+.2f} MB"
    if before is not None and after is not None:
        yield f"descriptors at rest, kept connections left out: {before.descriptors} before, {after.descriptors} after"
        yield f"not at rest: {', '.join(after.busy) or 'nothing'}"
    yield ""


def row(sample: Sample) -> list[object]:
    resident = f"{sample.resident / 1e6:.2f}"
    return [f"{sample.at:.0f} s", resident, sample.descriptors, sample.open, f"{sample.calls:,}"]


def verdict(result: Result) -> Iterator[str]:
    wrongs = result.book.wrongs
    if not wrongs:
        yield "nothing was lost, nothing was mixed up"
        return
    yield f"WRONG: {sum(wrongs.values()):,}"
    yield from (f"  {number:,} x {what}" for what, number in wrongs.most_common())
    yield from result.book.words
