"""The applications of the soak: each asks, checks what it is told, hangs up now and then, and asks again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import NamedTuple

from botocore.eventstream import ParserError  # type: ignore[import-untyped]

from tests.promises.caller import Answer, Caller, Cut
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import Running
from tests.soak.book import Book, Ended
from tests.soak.speech import SPEECHES
from tests.soak.words import Question, ask, is_whole, seal

CHATS = ("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
#: Words of an answer, and how many words a prompt is made longer by: mostly few, now and then very many.
SIZES, LENGTHS = (4, 8, 16, 40, 400), (0, 0, 20, 200, 20_000)
#: Of the calls so many are given up in the middle.
LEAVING = 0.04
#: Seconds between two calls of one caller, at most.
PAUSE = 0.1


class Errand(NamedTuple):
    """A kind of call: what is spoken, which model is asked, how often, and whether streams are asked for."""

    speeches: Sequence[str]
    model: str
    odds: float
    streams: bool = True


ERRANDS: Sequence[Errand] = (
    Errand(CHATS, "any", 5),
    Errand(CHATS, "quick", 2),
    Errand(CHATS, "steady", 2),
    Errand(CHATS, "fragile", 1),
    Errand(("openai, tools", "anthropic, tools"), "tools", 2),
    Errand(("embeddings",), "vectors", 1, streams=False),
    Errand(("relayed",), "one", 0.5),
    Errand(("relayed",), "claude", 0.5),
)


class Asking(NamedTuple):
    wire: Wire
    model: str
    stream: bool
    question: Question
    length: int

    @property
    def path(self) -> str:
        return self.wire.path_to(self.model, self.stream)

    @property
    def headers(self) -> dict[str, str]:
        user = self.question.call.partition("-")[0]
        return {**self.wire.headers, "x-request-id": self.question.call, "x-user": user}

    def post(self, caller: Caller) -> None:
        caller.post(self.wire.ask(self.model, self.stream, ask(self.question, self.length)), self.headers, self.path)


class Application:
    """`run` asks again and again until `over` is set. It has one connection at a time, and keeps it as long as it can."""

    def __init__(self, name: str, running: Running, book: Book, over: asyncio.Event, seed: str) -> None:
        self.name = name
        self._running = running
        self._book = book
        self._over = over
        self._dice = Random(f"{seed} {name}")
        self._caller: Caller | None = None
        self._made = 0

    async def run(self) -> None:
        while not self._over.is_set():
            await self.once(self._plan())
            await asyncio.sleep(self._dice.random() * PAUSE)
        self.close()

    def close(self) -> None:
        if self._caller is not None:
            self._caller.hang_up()
            self._caller = None

    def _plan(self) -> Asking:
        errand = self._dice.choices(ERRANDS, [each.odds for each in ERRANDS])[0]
        self._made += 1
        question = Question(f"{self.name}-{self._made}", self._dice.choice(SIZES))
        stream = errand.streams and self._dice.random() < 0.6
        length = self._dice.choices(LENGTHS, (4, 4, 3, 1, 0.2))[0]
        return Asking(SPEECHES[self._dice.choice(errand.speeches)], errand.model, stream, question, length)

    # ---- a call

    async def once(self, asking: Asking) -> None:
        began = self._now()
        caller = self._caller or await Caller.connect(self._running.port)
        self._caller = None
        asking.post(caller)
        try:
            if self._dice.random() < LEAVING:
                await self._leave(asking, caller)
                ended = Ended("left", asking.wire.name, asking.stream, began, self._now() - began)
                self._book.ended(asking.question.call, ended)
                return
            answer = await caller.answer()
        except (Cut, TimeoutError, ValueError, AssertionError) as error:  # no answer, or none in HTTP
            caller.hang_up()
            ended = Ended("lost", asking.wire.name, asking.stream, began, self._now() - began)
            self._book.wrong("no answer", f"{asking.question} {error!r}")
            self._book.ended(asking.question.call, ended)
            return
        self._keep(caller, answer)
        self._note(asking, answer, began)

    async def _leave(self, asking: Asking, caller: Caller) -> None:
        """Before the head, after it, or a piece later; by FIN or by RST."""
        with suppress(Cut):
            steps = self._dice.randrange(3)
            await asyncio.sleep(self._dice.random() * 0.02)
            if steps:
                await caller.head()
            if steps > 1:
                await caller.piece()
        (caller.reset if self._dice.random() < 0.5 else caller.hang_up)()

    def _keep(self, caller: Caller, answer: Answer) -> None:
        if answer.complete and answer.headers.get("connection") != "close" and self._dice.random() < 0.95:
            self._caller = caller
        else:
            caller.hang_up()

    def _note(self, asking: Asking, answer: Answer, began: float) -> None:
        outcome, wrong = judge(asking, answer)
        attempts = int(answer.headers.get("x-outrider-attempts", "0"))
        seconds = self._now() - began
        ended = Ended(outcome, asking.wire.name, asking.stream, began, seconds, attempts, answer.status)
        if wrong:
            self._book.wrong(wrong, f"{asking.question} {asking.wire.name} {answer}"[:2000])
        self._book.ended(asking.question.call, ended, str(answer)[:500])

    @staticmethod
    def _now() -> float:
        return time.monotonic()


# ---- what an answer is worth

#: What the readers of the dialects raise for what is none of theirs.
UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, ParserError)


def judge(asking: Asking, answer: Answer) -> tuple[str, str]:
    """How it ended, as Book has it, and what is wrong with that; "" where nothing is."""
    if answer.headers.get("x-request-id") != asking.question.call:
        return "lost", "an answer of another call"
    if answer.status != 200:
        return "refused", "" if answer.complete and explains(asking.wire, answer) else "an error that is none"
    expected = seal(answer.headers["x-outrider-provider"], asking.question)
    if not asking.stream:
        return judge_whole(asking.wire, answer, expected)
    return judge_stream(asking.wire, answer, expected)


def explains(wire: Wire, answer: Answer) -> bool:
    """Whether it says what is wrong in the caller's dialect."""
    try:
        return bool(wire.words_of(answer.json))
    except UNREADABLE:
        return False


def judge_whole(wire: Wire, answer: Answer, expected: str) -> tuple[str, str]:
    if not answer.complete:
        return "broken", ""
    try:
        text = wire.text_of(answer.json)
    except UNREADABLE:
        return "lost", "an answer that cannot be read"
    return ("good", "") if text == expected and is_whole(text) else ("lost", "an answer that is not the call's own")


def judge_stream(wire: Wire, answer: Answer, expected: str) -> tuple[str, str]:
    """A stream that says it is complete has to be; one that does not may be anything that leads there."""
    try:
        heard = wire.hear(answer.body)
    except UNREADABLE:
        return "lost", "a stream that cannot be read"
    if answer.complete and not heard.errors:
        if not heard.finished:
            return "lost", "a stream that ends as if it were complete"
        return ("good", "") if heard.text == expected else ("lost", "a stream that is not the call's own")
    return "broken", "" if expected.startswith(heard.text) else "a broken stream that is not the call's own"
