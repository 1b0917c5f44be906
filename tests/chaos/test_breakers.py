"""Every fault against a breaker: whether it opens, what is said then, that nobody is asked, and that it closes again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop

from tests.chaos.conftest import Play, once_each, surroundings
from tests.chaos.fault import Fault
from tests.chaos.faults import FAULTS
from tests.chaos.modes import TRIPS, Mode
from tests.chaos.stage import Certificates, Stage
from tests.promises.caller import Answer
from tests.upstream.certificates import Authority

#: Seconds; long enough for a loop that is kept waiting between two calls.
RESET = 2.0
MODE = Mode("breaker", breaker={"failures": 2, "successes": 1, "reset": RESET})


@dataclass
class Course:
    """Two calls that meet the fault, a third at once, and one after the breaker's time, when the fault is over where it can be.

    states: the breaker's after the first, the third and the last; asked: connections that the provider had got after each.
    """

    answers: list[Answer] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)


#: By whether they were streamed, and by the fault's name.
Courses = dict[tuple[bool, str], Course]


class Breaking(Stage):
    """A stage on which every fault runs its course, all of them at once."""

    async def run(self) -> dict[str, Course]:
        courses = {fault.name: Course() for fault in self.faults}
        for calls in (1, 2):
            await self.each(courses, calls)
        for fault in self.faults:
            if fault.heals:
                await self.end(fault)
        await asyncio.sleep(RESET)
        await self.each(courses, 1, over=True)
        return courses

    async def each(self, courses: dict[str, Course], calls: int, over: bool = False) -> None:
        for wave in self.waves:
            await asyncio.gather(*(self.step(fault, courses[fault.name], calls, over) for fault in wave))
        await self.note(courses)

    async def step(self, fault: Fault, course: Course, calls: int, over: bool) -> None:
        for _ in range(calls):
            answer, error = await self.ask(fault, "" if over and fault.heals else "x" * fault.pad)
            assert answer is not None, error
            course.answers.append(answer)
            course.asked.append(len(self.upstreams[fault.name].visits))

    async def note(self, courses: dict[str, Course]) -> None:
        targets = (await self.running.status())["targets"]
        for name, course in courses.items():
            course.states.append(targets[f"{name}:m"]["breaker"])


@pytest.fixture(scope="module")
def courses(
    authority: Authority, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Play[str, Courses]:
    async def run(directory: Path) -> Courses:
        stages = [Breaking(list(FAULTS.values()), MODE, stream, certificates) for stream in (False, True)]
        async with AsyncExitStack() as stack:
            for stage in stages:
                await stage.open(stack, directory)
            found = await asyncio.gather(*(stage.run() for stage in stages))
        return {
            (stage.stream, name): one for stage, each in zip(stages, found, strict=True) for name, one in each.items()
        }

    def play(mode: str) -> Courses:
        with surroundings(authority), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run(tmp_path_factory.mktemp(mode)))

    return once_each(play)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FAULTS)
def test_a_breaker(name: str, stream: bool, courses: Play[str, Courses]) -> None:
    fault, course = FAULTS[name], courses(MODE.name)[stream, name]
    seen = fault.seen_by(stream)
    first, second, third, last = course.answers
    assert (first.status, second.status) == (seen.status, seen.status)
    if seen.kind in TRIPS:
        assert course.states == ["closed", "open", "closed" if fault.heals else "open"]
        check_open(third)
        assert course.asked[2] == course.asked[1]
    else:
        assert course.states == ["closed"] * 3
        assert third.status == seen.status
    assert (last.status == 200) is fault.heals or not seen.kind


def check_open(answer: Answer) -> None:
    assert (answer.status, answer.error["type"], answer.complete) == (503, "circuit_open", True)
    assert 0 < int(answer.headers["retry-after-ms"]) <= RESET * 1000
    assert answer.headers["x-outrider-attempts"] == "0"
