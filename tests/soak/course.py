"""The course of a soak: warm up, run through all weathers, come to rest, and end by SIGTERM with streams open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path

from tests.promises.caller import chat, until
from tests.promises.sidecars import InProcess, process
from tests.soak.book import Book
from tests.soak.callers import Application, Asking
from tests.soak.ending import check_log, end
from tests.soak.house import PROVIDERS, Reloading, Rest, Sample, entries, rest_of, sections
from tests.soak.result import Plan, Result
from tests.soak.speech import SPEECHES
from tests.soak.stations import Station
from tests.soak.words import Question, ask

#: Bytes of resident memory.
MOST_GROWTH = 5_000_000
#: Seconds for everything to come to rest.
PATIENCE = 15.0


async def soak(plan: Plan, directory: Path) -> Result:
    result = Result(plan, Book())
    async with AsyncExitStack() as stack:
        stations = [await stack.enter_async_context(Station(name, result.book, plan.seed)) for name in PROVIDERS]
        urls = {station.name: station.url for station in stations}
        running = await stack.enter_async_context(process(directory, entries(urls), **sections(0)))
        await warm_up(running, result, plan)
        await run(running, stations, result, Reloading(running, directory, urls, result.book))
        await come_to_rest(running, result)
        await end(running, stations, result)
    check_log(running, result)
    return result


async def warm_up(running: InProcess, result: Result, plan: Plan) -> None:
    """Every kind of call once, so that everything is imported that will be needed; then what it holds at rest."""
    over = asyncio.Event()
    application = Application("warm", running, result.book, over, plan.seed)
    for number, wire in enumerate(SPEECHES.values()):
        for stream in (False, True)[: 1 if wire.name == "embeddings" else 2]:
            model = {"relayed": "one", "embeddings": "vectors"}.get(
                wire.name, "tools" if "tools" in wire.name else "any"
            )
            await application.once(Asking(wire, model, stream, Question(f"warm-{number}{'ns'[stream]}"), 0))
    application.close()
    result.before = await rested(running)


async def run(running: InProcess, stations: Sequence[Station], result: Result, reloading: Reloading) -> None:
    plan, over = result.plan, asyncio.Event()
    applications = [
        Application(f"a{number}", running, result.book, over, plan.seed) for number in range(plan.applications)
    ]
    beside = [asyncio.ensure_future(station.storm(plan.spell)) for station in stations]
    beside += [
        asyncio.ensure_future(each) for each in (reloading.run(plan.reload), watch(running, result), lag(result))
    ]
    working = [asyncio.ensure_future(application.run()) for application in applications]
    try:
        await asyncio.wait([*working, *beside], timeout=plan.seconds, return_when=asyncio.FIRST_COMPLETED)
        over.set()
        await asyncio.gather(*working)
    finally:
        for task in [*working, *beside]:
            task.cancel()
        ends = await asyncio.gather(*beside, return_exceptions=True)
    for error in ends:
        if not isinstance(error, asyncio.CancelledError):
            result.book.wrong("the soak itself", repr(error))


async def watch(running: InProcess, result: Result) -> None:
    began = time.monotonic()
    while True:
        status = await running.status()
        seen = time.monotonic() - began, running.resident, running.descriptors, len(result.book.calls)
        result.samples.append(Sample(*seen, status["calls_in_flight"]))
        await asyncio.sleep(result.plan.sample)


async def lag(result: Result) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.1)
        result.book.late(time.monotonic() - before - 0.1)


async def rested(running: InProcess) -> Rest:
    """Once nothing is in flight any more; what still is where that does not come about."""

    async def nothing() -> bool:
        return not (await rest_of(running)).busy

    with suppress(TimeoutError):
        await until(nothing, PATIENCE)
    return await rest_of(running)


async def come_to_rest(running: InProcess, result: Result) -> None:
    """After the storm every provider is asked again, sooner or later, and then everything has ended."""
    for name in PROVIDERS:
        try:
            await until(partial(answers, running, name), PATIENCE)
        except TimeoutError:
            result.book.wrong("a provider that is not asked again", str((await running.status())["targets"]))
    result.after = await rested(running)
    check_rest(result)
    result.retried = await running.counted("outrider_retries_total")
    result.fallen_back = await running.counted("outrider_fallbacks_total")
    result.hedged = await running.counted("outrider_hedges_total", what="made")


async def answers(running: InProcess, provider: str) -> bool:
    """Whether its breaker is closed, after another call."""
    question = Question(f"calm-{provider}")
    answer = await running.ask(chat(f"{provider}:m", ask(question, 0)))
    return answer.status == 200 and (await running.status())["targets"][f"{provider}:m"]["breaker"] == "closed"


def check_rest(result: Result) -> None:
    before, after, book = result.before, result.after, result.book
    assert before is not None
    assert after is not None
    if after.busy:
        book.wrong("not at rest", str(after.busy))
    if after.descriptors > before.descriptors:
        book.wrong("file descriptors are left", f"{before.descriptors} before, {after.descriptors} after")
    if result.growth > MOST_GROWTH:
        book.wrong("memory grows", f"{result.growth / 1e6:.1f} MB")
