"""Every status with every way to say how long to wait: what the application is told, and when the provider is asked again."""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
import uvloop

from tests.chaos.conftest import Play, once_each
from tests.chaos.fault import STATUS
from tests.chaos.modes import BLAMED, FAILS_OVER, MODES, OTHER, RETRIED, Mode
from tests.chaos.refusals import CASES, FORMS, KIND, WORDS, name_of, refuses, seconds_in
from tests.chaos.stage import stands_in
from tests.chaos.upstream import Upstream
from tests.promises.caller import Answer, Caller, chat
from tests.promises.sidecars import InLoop, anthropic_like, openai_like, sidecar

CALLERS = 24
#: Seconds that a call may take in all: a longer wait is not begun.
TOTAL = 1.0
#: Of the loop's clock, in seconds.
RESOLUTION = 0.002
#: The kinds that are of the application's making, or of the operator's: its SDK must not try again.
FINAL = ("invalid_request", "model_not_found", "request_too_large", "authentication_failed")


class Seen(NamedTuple):
    """The answer to a call, and when the provider was asked for it, and the other one."""

    answer: Answer
    asked: list[float]
    others: int


class Refused(NamedTuple):
    calls: dict[tuple[int, str], Seen]
    counted: dict[str, float]
    idle: int


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Play[tuple[str, bool], Refused]:
    def play(key: tuple[str, bool]) -> Refused:
        mode, stream = key
        directory = tmp_path_factory.mktemp("refusals")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(perform(directory, MODES[mode], stream))

    return once_each(play)


async def perform(directory: Path, mode: Mode, stream: bool) -> Refused:
    async with AsyncExitStack() as stack:
        faulty = await stack.enter_async_context(Upstream(refuses))
        other = await stack.enter_async_context(Upstream(stands_in, text=OTHER))
        await faulty.open()
        await other.open()
        up = {"pool": {"connections": CALLERS, "idle": CALLERS}}
        providers = {"up": openai_like(faulty.url, **up), OTHER: anthropic_like(other.url, **up)}
        sections = {"models": [mode.alias("up")], "timeouts": {"total": TOTAL}, **mode.sections()}
        running = await stack.enter_async_context(sidecar(directory, providers, **sections))
        answers = await ask_all(running, stream)
        await running.is_idle()
        times, others = times_of(faulty), times_of(other)
        calls = {
            case: Seen(answers[case], times.get(name_of(*case), []), len(others.get(name_of(*case), [])))
            for case in CASES
        }
        return Refused(calls, await running.metrics(), (await running.status())["providers"]["up"]["idle"])


async def ask_all(running: InLoop, stream: bool) -> dict[tuple[int, str], Answer]:
    cases = iter(CASES)
    answers: dict[tuple[int, str], Answer] = {}

    async def some() -> None:
        caller = await Caller.connect(running.port)
        for case in cases:
            answers[case] = await caller.ask(chat("up", name_of(*case), stream=stream))
        caller.hang_up()

    await asyncio.gather(*(some() for _ in range(CALLERS)))
    return answers


def times_of(upstream: Upstream) -> dict[str, list[float]]:
    """When each case was asked for."""
    times: dict[str, list[float]] = {}
    for asked in upstream.requests:
        content = orjson.loads(asked.body)["messages"][0]["content"]
        message = content if isinstance(content, str) else content[0]["text"]
        times.setdefault(message, []).append(asked.at)
    return times


def waits(mode: Mode, kind: str, seconds: float) -> list[float]:
    """The least seconds before each further attempt; none where one would be too late."""
    return [seconds] * (mode.attempts - 1) if kind in RETRIED and seconds < TOTAL else []


@pytest.mark.parametrize("mode", [mode for mode in MODES if MODES[mode].faulty is None])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", KIND)
def test_a_refusal(status: int, stream: bool, mode: str, refused: Play[tuple[str, bool], Refused]) -> None:
    for name, form in FORMS.items():
        seen, kind = refused((mode, stream)).calls[status, name], KIND[status]
        elsewhere = MODES[mode].fallback and kind in FAILS_OVER
        seconds = seconds_in(status, form)
        pauses = waits(MODES[mode], kind, seconds or 0.0)
        check_asking(seen, pauses, elsewhere)
        assert seen.answer.headers["x-outrider-attempts"] == str(1 + len(pauses) + elsewhere)
        if elsewhere:
            assert (seen.answer.status, OTHER.encode() in seen.answer.body) == (200, True)
        else:
            check_answer(seen.answer, status, kind, seconds)


def check_asking(seen: Seen, pauses: list[float], elsewhere: bool) -> None:
    assert len(seen.asked) == 1 + len(pauses)
    assert seen.others == elsewhere
    for (before, after), pause in zip(pairwise(seen.asked), pauses, strict=True):
        assert after - before > pause - RESOLUTION


def check_answer(answer: Answer, status: int, kind: str, seconds: float | None) -> None:
    """In OpenAI's words; what is the caller's fault with the provider's own status."""
    own = kind in FINAL and kind != "authentication_failed"
    assert (answer.status, answer.complete) == (status if own else STATUS[kind], True), answer
    if own:
        assert answer.error["message"].startswith(WORDS)
    else:
        assert answer.error["type"] == kind
        assert WORDS in answer.error["message"] or status == 304
    assert (answer.headers.get("x-should-retry") == "false") is (kind in FINAL)
    check_wait(answer, seconds)


def check_wait(answer: Answer, seconds: float | None) -> None:
    """In both spellings that SDKs read, rounded up where it has to be whole: nobody comes back too soon."""
    if seconds is None:
        assert not {"retry-after", "retry-after-ms"} & answer.headers.keys()
    else:
        assert answer.headers["retry-after-ms"] == str(round(seconds * 1000))
        assert answer.headers["retry-after"] == str(max(1, math.ceil(seconds)))


@pytest.mark.parametrize("mode", [mode for mode in MODES if MODES[mode].faulty is None])
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_counted(stream: bool, mode: str, refused: Play[tuple[str, bool], Refused]) -> None:
    """By the kind that each call ended in; a caller's mistake is nobody else's error."""
    found = refused((mode, stream))
    for kind in set(KIND.values()):
        calls = sum(each == kind for each in KIND.values()) * len(FORMS)
        ended = 0 if MODES[mode].fallback and kind in FAILS_OVER else calls
        assert total(found.counted, "llm_requests_failure", kind) == ended
        assert total(found.counted, "provider_error_total", kind) == (ended if kind in BLAMED else 0)
    asked = sum(len(seen.asked) + seen.others for seen in found.calls.values())
    assert total(found.counted, "outrider_attempts_total") == asked
    assert 0 < found.idle <= CALLERS


def total(metrics: dict[str, float], name: str, kind: str = "") -> float:
    wanted = f'kind="{kind}"' if kind else ""
    return sum(value for sample, value in metrics.items() if sample.startswith(f"{name}{{") and wanted in sample)
