"""A call that is followed, and each attempt at it: when, to whom, and how it ended. Nothing here is text of a prompt or answer.

Times are on the clock of `Call.started`, in seconds.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.call import Json, Target
from proxy.tracing.context import Parent, render_lines

LONGEST_FACT = 128
MOST_FACTS = 16


class Told(NamedTuple):
    """What a whole reply says of itself; "" and () where it does not."""

    id: str = ""
    model: str = ""
    finish_reasons: tuple[str, ...] = ()


#: Where replies of the dialects have it: their id, their model, and why they ended, for one answer or for each of several.
IDS = ("id", "responseId")
MODELS = ("model", "modelVersion")
REASONS = ("stop_reason", "stopReason", "finish_reason", "done_reason")
LISTED_REASONS = (("choices", "finish_reason"), ("candidates", "finishReason"))


class End(NamedTuple):
    """How an attempt ended. `kind` is of KINDS, CANCELLED or None; `status` the provider's own, where it had one."""

    at: float
    kind: str | None = None
    detail: str = ""
    status: int | None = None
    ttft: float | None = None


#: An attempt that somebody ended from outside: what became of the call says why.
CANCELLED = "cancelled"


class Trace:
    """A call, and the attempts at it that have ended. It knows no span of its own: what is known by its parts is freed at once.

    id: in hex, as `root_id`, which is the call's own span. epoch: what the clock is to be moved by for seconds since 1970.
    over:  the call has ended, as `kind` says; an attempt that ends later is told by whoever made it.
    """

    __slots__ = ("attempts", "began", "epoch", "id", "kind", "over", "parent", "root_id", "state", "told")

    def __init__(self, id: str, root_id: str, began: float, epoch: float, parent: Parent | None, state: str) -> None:
        self.id = id
        self.root_id = root_id
        self.began = began
        self.epoch = epoch
        self.parent = parent
        self.state = state
        self.told = Told()
        self.attempts: list[Span] = []
        self.over = False
        self.kind: str | None = None


class Span:
    """The call itself, or one attempt, which has a target and a number. `lines` go out with what is asked on its behalf."""

    __slots__ = ("began", "end", "id", "number", "target", "trace")

    def __init__(self, trace: Trace, id: str, began: float, target: Target | None = None, number: int = 0) -> None:
        self.trace = trace
        self.id = id
        self.began = began
        self.target = target
        self.number = number
        self.end: End | None = None

    @property
    def trace_id(self) -> str:
        return self.trace.id

    @property
    def lines(self) -> str:
        return render_lines(self.trace.id, self.id, self.trace.state)

    def learn(self, reply: Json) -> None:
        """A whole reply in the provider's own dialect."""
        self.trace.told = told(reply)


def told(reply: Json) -> Told:
    return Told(first(reply, IDS), first(reply, MODELS), tuple(reasons(reply)))


def first(reply: Json, names: tuple[str, ...]) -> str:
    for name in names:
        value = reply.get(name)
        if type(value) is str:
            return value[:LONGEST_FACT]
    return ""


def reasons(reply: Json) -> list[str]:
    for name, reason in LISTED_REASONS:
        listed = reply.get(name)
        if isinstance(listed, list):
            return [said for each in listed[:MOST_FACTS] if isinstance(each, dict) and (said := first(each, (reason,)))]
    alone = first(reply, REASONS)
    return [alone] if alone else []
