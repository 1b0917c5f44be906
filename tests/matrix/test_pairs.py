"""Every written answer from every target to every client, whole and in pieces: the same words, calls, thoughts and counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from proxy.call import Failure, Json
from proxy.dialects import Dialect
from tests.goldens.cases import CASES, Case
from tests.goldens.crossing import STREAMED, copied, target_reply, target_stream
from tests.goldens.spoken import DIALECTS, parse, translation
from tests.matrix.exceptions import PAIRS, Loss, Row
from tests.matrix.excuses import ROWS_OF_DIALECTS, Judged, judge
from tests.matrix.meaning import OF_ITS_OWN, Meaning, gather, meaning

ANSWERED = [case for case in CASES.values() if case.reply is not None]
ASKED: Json = {"messages": [{"role": "user", "content": "Hello"}], **STREAMED}
ALL_PAIRS = pytest.mark.parametrize(
    ("case", "target"),
    [(case, target) for case in ANSWERED for target in DIALECTS.values()],
    ids=[f"{case.name}-{target}" for case in ANSWERED for target in DIALECTS],
)


def whole(case: Case, target: Dialect, client: Dialect) -> tuple[Meaning, Meaning]:
    """What the target's reply means, and what of it the client is told."""
    reply = target.parse_reply(target_reply(case, target))
    before = meaning(copied(reply))
    return before, meaning(client.parse_reply(copied(client.render_reply(reply, ASKED))))


def streamed(case: Case, target: Dialect, client: Dialect) -> tuple[Meaning, Meaning]:
    data, way = target_stream(case, target), translation(target, client, ASKED)
    return meaning(gather(parse(target, data))), meaning(gather(parse(client, way.feed(data) + way.end())))


def judged(case: Case, target: Dialect, client: Dialect) -> Iterator[Judged]:
    rows: list[Row | Loss] = [row for row in ROWS_OF_DIALECTS if row.where == client.name]
    for way in (whole, streamed):
        try:
            before, after = way(case, target, client)
            changes = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        except Failure as failure:
            changes = {failure.kind}
        yield judge(changes if client is target else changes - OF_ITS_OWN, rows + losses(case, client))


def losses(case: Case, client: Dialect) -> list[Row | Loss]:
    return [loss for loss in PAIRS if re.fullmatch(loss.where, case.name) and re.fullmatch(loss.client, client.name)]


@ALL_PAIRS
def test_an_answer_means_the_same_to_every_client(case: Case, target: Dialect) -> None:
    left = [(client.name, it.unexcused) for client in DIALECTS.values() for it in judged(case, target, client)]
    assert [(client, aspects) for client, aspects in left if aspects] == []


def test_every_exception_for_a_pair_is_needed() -> None:
    needed = {
        excuse
        for case in ANSWERED
        for target in DIALECTS.values()
        for client in DIALECTS.values()
        for it in judged(case, target, client)
        for excuse in it.excuses
    }
    assert [loss for loss in PAIRS if loss not in needed] == []
