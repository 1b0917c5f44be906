"""The streams of the cases as bytes: each dialect's, by hand where a case has it, else said by the dialect's other role."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from proxy.call import Failure
from proxy.dialects import Dialect
from tests.goldens.cases import CASES, Case
from tests.goldens.crossing import target_stream
from tests.goldens.spoken import DIALECTS, EVERY


class Stream(NamedTuple):
    case: Case
    dialect: Dialect
    data: bytes
    by_hand: bool

    @property
    def name(self) -> str:
        return f"{self.case.name}-{self.dialect.name}"


def read_streams() -> Iterator[Stream]:
    for case in CASES.values():
        if case.reply is None:
            continue
        for dialect in EVERY.values():
            stream = stream_of(case, dialect)
            if stream is not None:
                yield stream


def stream_of(case: Case, dialect: Dialect) -> Stream | None:
    """None for what a dialect cannot say, which its golden tells."""
    try:
        return Stream(case, dialect, target_stream(case, dialect), case.native_stream(dialect.name) is not None)
    except Failure:
        return None


@cache
def streams() -> tuple[Stream, ...]:
    return tuple(read_streams())


#: A client whose bytes are looked at, another one for each dialect, so that every pair of neighbours is run.
def client_of(stream: Stream) -> Dialect:
    names = list(DIALECTS)
    start = names.index(stream.dialect.name) if stream.dialect.name in names else 0
    offset = sum(map(ord, stream.case.name)) % len(names)
    return DIALECTS[names[(start + offset) % len(names)]]
