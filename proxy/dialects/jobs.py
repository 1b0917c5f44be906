"""Answers that are jobs: what a provider's file says of how one is made, followed and ended, and what its state says.

Everything here is pure. What a job's words mean is its dialect's; who sends requests, and when, is the road's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson

from proxy.call import Headers, Json
from proxy.dialects import StreamParser
from proxy.dialects.shape import answered, broken

#: What stands for a job's id in a path.
HOLE = "{id}"


class State(NamedTuple):
    """What an answer about a job says of it. `stream` is the web address of its output as it comes, "" where there is none.

    ended: nothing more will come of it. good: it ended well.
    """

    id: str
    ended: bool
    good: bool
    stream: str = ""


class Order(NamedTuple):
    """A job as it is asked for: the body, and headers besides those of every request."""

    body: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Job:
    """How a provider is asked about its jobs. Paths go below base_url; `{id}` stands for the job's id.

    read:    an answer about a job -> State. Failure("provider_error") where it is none.
    order:   (the request's body, whether a stream is wanted, seconds the call has left) -> what makes the job, bounded in time by
             the provider too: nobody could cancel one whose id never arrived.
    status:  GET tells the state, with all output and counts once it has ended.
    cancel:  POST ends it.
    pieces:  GET tells the output since the last time; "" where State.stream has an address instead.
    hosts:   hosts besides base_url's own to which such an address may lead, by base_url's scheme.
    counts:  whether the usage of a stream is told by `status` alone.
    frame:   an answer about a job -> an event for the dialect's stream parser.
    """

    read: Callable[[Json], State]
    order: Callable[[bytes, bool, float], Order]
    status: str
    cancel: str
    frame: Callable[[bytes], bytes]
    pieces: str = ""
    hosts: frozenset[str] = frozenset()
    counts: bool = False


class JobParser(StreamParser, Protocol):
    """A parser of a job's stream. `spoken`: it has given what the model said. `ended`: nothing but the end is to come."""

    @property
    def spoken(self) -> bool: ...
    @property
    def ended(self) -> bool: ...


def load_job(body: bytes) -> Json:
    """An answer about a job."""
    try:
        job: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise broken("an answer about a job is not JSON") from None
    return answered(job, dict, "an answer about a job")


def id_of(job: Json) -> str:
    """A job's id, which goes into paths: letters, digits, hyphens and underscores."""
    name = answered(job.get("id"), str, "a job's id")
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or len(name) > 200:
        raise broken("a job's id is none")
    return name
