"""The end of a soak: SIGTERM while streams are open, and then the log, compared with what every application saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import orjson

from tests.promises.caller import Answer, Caller, Head, chat, until
from tests.promises.sidecars import InProcess
from tests.soak.book import Book, Ended
from tests.soak.callers import Asking, judge
from tests.soak.house import GRACE, PROVIDERS
from tests.soak.result import Result
from tests.soak.speech import SPEECHES
from tests.soak.stations import Station
from tests.soak.words import Question

#: Streams that are open when the end comes: those that are let finish, and those that are not.
FINISHING, STUCK = ("openai", "anthropic", "gemini", "ollama", "cohere", "bedrock"), ("openai", "responses")
ASKINGS = [
    Asking(SPEECHES[name], f"{provider}:m", True, Question(f"end-{provider}-{name}-{hold}", 20, hold), 0)
    for hold, spoken in (("until", FINISHING), ("ever", STUCK))
    for name in spoken
    for provider in PROVIDERS
    if name in (PROVIDERS[provider], {"one": "responses"}.get(provider))
]
#: Seconds for the process to end, besides its grace.
SLACK = 3.0


async def end(running: InProcess, stations: Sequence[Station], result: Result) -> None:
    """SIGTERM while streams are open: those that can finish do, the others are told, new ones are refused."""
    book = result.book
    opened = [(asking, *await begun(running, asking)) for asking in ASKINGS]
    reading = [(asking, head, asyncio.ensure_future(caller.rest())) for asking, caller, head in opened]
    idle = await running.caller()
    await idle.ask(chat("mock"))
    began = time.monotonic()
    running.stop()
    await until(lambda: '"draining"' in running.log())
    refused = await idle.ask(chat("mock"))
    if (refused.status, refused.error["type"]) != (503, "draining"):
        book.wrong("a call that was not refused while draining", str(refused))
    for station in stations:
        station.release.set()
    for asking, head, rest in reading:
        check_ending(asking, Answer(head.status, head.headers, *await rest), began, book)
    result.code = await running.ended()
    result.ending = time.monotonic() - began
    if result.code != 0 or result.ending > GRACE + SLACK:
        book.wrong("an end that is not clean", f"exit code {result.code} after {result.ending:.1f} s")


async def begun(running: InProcess, asking: Asking) -> tuple[Caller, Head]:
    """A stream of which the first words have arrived."""
    caller = await running.caller()
    asking.post(caller)
    return caller, await caller.head()


def check_ending(asking: Asking, answer: Answer, began: float, book: Book) -> None:
    outcome, wrong = judge(asking, answer)
    wanted = "good" if asking.question.hold == "until" else "broken"
    if wrong or outcome != wanted:
        book.wrong(wrong or f"a stream at the end that is not {wanted}", f"{asking.wire.name} {answer}"[:1000])
    seconds = time.monotonic() - began
    book.calls[asking.question.call] = Ended(outcome, asking.wire.name, True, began, seconds, 1, answer.status)


# ---- the log


def check_log(running: InProcess, result: Result) -> None:
    """Every call has one line, and it says what the application saw; nothing else is worse than a warning."""
    book, kinds = result.book, dict[str, list[str | None]]()
    for line in map(orjson.loads, running.log().splitlines()):
        if line["event"] == "call":
            kinds.setdefault(line["id"], []).append(line["kind"])
            result.lines += 1
        elif line["message"] == "a breaker has changed":
            result.opened += line["state"] == "open"
        elif line["level"] not in ("info", "warning"):
            book.wrong("the log", str(line)[:1000])
    for call, ended in book.calls.items():
        told = kinds.get(call, [])
        if ended.outcome == "left":
            right = len(told) < 2
        else:
            right = len(told) == 1 and (told[0] is None) is (ended.outcome == "good")
        if not right:
            book.wrong("a line of the log that is not what the application saw", f"{call} {ended} {told}")
