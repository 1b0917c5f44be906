"""A clock that a test moves, calls that go nowhere, and targets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from proxy.call import Call, Client, Failure, Handler, Outcome, Target
from proxy.policies.standing import Standing


class Clock:
    """`now` is moved by the test, and by whoever sleeps; `slept` keeps each wait."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Silent:
    """A client that nobody reads."""

    started = False


def target(name: str = "up", model: str = "m", **more: Any) -> Target:
    return Target(name, model, None, **more)


def call_to(*targets: Target, clock: Clock | None = None, **fields: Any) -> Call:
    client = cast(Client, Silent())
    made = Call("id", "openai", "chat", b"{}", {}, "alias", False, {}, client, clock() if clock else 0.0)
    made.targets = targets or (target(),)
    made.target = made.targets[0]
    for name, value in fields.items():
        setattr(made, name, value)
    return made


Answer = Failure | BaseException | None | Callable[[Call], Awaitable[Outcome]]


class Provider:
    """The innermost handler: answers as it is told, one after the other, and then well. `asked` keeps who was."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, call: Call) -> Outcome:
        assert call.target is not None
        call.attempts += 1
        self.asked.append(call.target.name)
        if self.answers and isinstance(self.answers[0], BaseException):
            raise self.answers.pop(0)  # type: ignore[misc]  # held by no name: a traceback holds this frame
        answer = self.answers.pop(0) if self.answers else None
        assert not isinstance(answer, BaseException)
        return Outcome(200, None, call.target) if answer is None else await answer(call)


def overloaded(after: float | None = None) -> Failure:
    return Failure("provider_overloaded", "busy", retry_after=after)


def limited(after: float | None = None) -> Failure:
    return Failure("provider_rate_limited", "slow down", retry_after=after)


def as_handler(provider: Provider) -> Handler:
    return provider


def attempt(one: Standing, failure: Failure | None = None, seconds: float = 0.5, began: float = 0.0) -> None:
    one.enter()
    if failure is None:
        one.went_well(began, seconds)
    else:
        one.went_wrong(failure)
