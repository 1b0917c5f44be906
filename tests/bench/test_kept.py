"""The cache's rows: what is asked is kept and told apart, what was not asked once or each time is refused, the table says it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import orjson
import pytest

from proxy.cache.key import canonical, is_fixed
from proxy.call import Call
from proxy.dialects.by_name import BY_NAME
from tests.bench.framing import PLACEHOLDER
from tests.bench.kept import CACHING, CELLS, FIXED, HEAD, HIT, KEPT_BARS, MISS, NEIGHBOURS, SHARED, check_asked, lines
from tests.bench.load import BenchError, Caller, Curious, Load
from tests.bench.pairs import MODELS
from tests.bench.results import Results
from tests.bench.table import missed, render

MODEL = MODELS["openai"]
REPLY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Sent:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.requests.append(data)


async def asked_by(kind: type[Caller], times: int) -> list[bytes]:
    transport = Sent()
    caller = kind(Load(), FIXED.request(MODEL))
    caller.connection_made(cast(asyncio.Transport, transport))
    for _ in range(times - 1):
        caller.data_received(REPLY)
    return transport.requests


def unified(request: bytes) -> dict[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.endswith(b"Content-Length: %d" % len(body))
    return BY_NAME["openai"].parse_request(orjson.loads(body))


def measured(**cells: tuple[float, float]) -> Results:
    """By cell (as an attribute's name): what the neighbours took, and what the cache did."""
    results = Results()
    for cell, (theirs, ours) in cells.items():
        for row, value in (("cpu", theirs), ("rate", 1e6 / theirs)):
            for neighbour in NEIGHBOURS:
                results.add(f"cache-{cell}.{row}", neighbour, value)
        results.add(f"cache-{cell}.cpu", CACHING, ours)
        results.add(f"cache-{cell}.rate", CACHING, 1e6 / ours)
    return results


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_asked_is_kept_unasked(stream: bool) -> None:
    asked = unified(FIXED.request(MODEL, stream=stream))
    assert is_fixed(Call("id", "openai", "chat", b"", asked, MODEL, stream, {}, cast(Any, None)))


async def test_the_same_is_asked_each_time() -> None:
    requests = await asked_by(Caller, 3)
    assert requests == [FIXED.request(MODEL)] * 3


async def test_something_else_is_asked_each_time_in_as_many_bytes() -> None:
    requests = await asked_by(Curious, 3) + await asked_by(Curious, 2)
    assert {len(request) for request in requests} == {len(FIXED.request(MODEL))}
    assert PLACEHOLDER not in b"".join(requests)
    assert len({orjson.dumps(canonical(unified(request))) for request in requests}) == 5


@pytest.mark.parametrize(
    ("cell", "column", "asked", "answers", "right"),
    [
        (HIT, CACHING, 0, 1000, True),
        (HIT, CACHING, 1, 1000, True),
        (HIT, CACHING, 2, 1000, False),
        (HIT, "relayed", 1032, 1000, True),
        (HIT, "relayed", 999, 1000, False),
        (MISS, CACHING, 1032, 1000, True),
        (MISS, CACHING, 999, 1000, False),
        (SHARED, CACHING, 1, 100, True),
        (SHARED, CACHING, 2, 100, False),
        (SHARED, "nginx", 100, 100, True),
    ],
)
def test_how_often_the_upstream_was_asked_is_what_the_cell_says(
    cell: str, column: str, asked: int, answers: int, right: bool
) -> None:
    if right:
        check_asked(cell, column, asked, answers)
        return
    with pytest.raises(BenchError, match=f"{cell}, {column}: the upstream was asked {asked:,} times"):
        check_asked(cell, column, asked, answers)


def test_a_row_shows_cost_ratios_and_the_verdict() -> None:
    rows = lines(measured(hit=(100.0, 80.0), miss=(100.0, 104.0), shared=(10.0, 12.5)))
    assert rows[0] == HEAD
    assert rows[1][1:] == ["80.0", "0.80x", "0.80x", "0.80x", "requests/s over relayed", "1.25x", ">= 1.30x", "MISS"]
    assert rows[2][1:] == ["104.0", "1.04x", "1.04x", "1.04x", "CPU over relayed", "1.04x", "<= 1.05x", "pass"]
    assert rows[3][1:] == ["12.5", "1.25x", "1.25x", "1.25x", "CPU over nginx", "1.25x", "<= 1.20x", "MISS"]


def test_the_bars_are_judged_with_the_others() -> None:
    assert {bar.row.partition(".")[0] for bar in KEPT_BARS} == set(CELLS)
    assert missed(measured(hit=(100.0, 70.0), miss=(100.0, 106.0))) == [KEPT_BARS[1]]


def test_the_page_has_the_cache_only_where_it_was_measured() -> None:
    assert HEAD[0] not in render(Results(), [])
    page = render(measured(hit=(100.0, 70.0)), []).splitlines()
    assert any(line.startswith(HEAD[0]) for line in page)
    assert next(line for line in page if line.startswith("another request")).split()[-1] == "measured"
