"""What a recording loses, judged by the table of exceptions."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from tests.goldens.spoken import EVERY as DIALECTS
from tests.matrix.exceptions import ANSWERS, FAMILIES, LOSSES, REQUESTS, Loss, Row
from tests.matrix.recorded import RECORDINGS
from tests.matrix.trips import answer_changes, request_changes

#: Exceptions that were needed, by provider; the run tells them at its end.
COUNTED: Counter[str] = Counter()
#: Aspects that a dialect has no word for, as rows.
ROWS_OF_DIALECTS = [Row(dialect, what, why) for dialect, losses in LOSSES.items() for what, why in losses.items()]


class Judged(NamedTuple):
    """What no row excuses, and the rows that were needed for the rest."""

    unexcused: frozenset[str]
    excuses: frozenset[Row | Loss]


def judge(changes: set[str], rows: list[Row | Loss]) -> Judged:
    needed = {change: [row for row in rows if re.fullmatch(row.what, change)] for change in changes}
    unexcused = frozenset(change for change, excuses in needed.items() if not excuses)
    return Judged(unexcused, frozenset(row for excuses in needed.values() for row in excuses))


@cache
def of_request(name: str) -> Judged:
    rows: list[Row | Loss] = [row for row in REQUESTS if re.fullmatch(row.where, name)]
    return judge(request_changes(RECORDINGS[name]), rows)


@cache
def of_answer(name: str, client: str) -> Judged:
    family = FAMILIES.get(client, client)
    rows: list[Row | Loss] = [row for row in ROWS_OF_DIALECTS if row.where == family]
    rows += [loss for loss in ANSWERS if re.fullmatch(loss.where, name) and re.fullmatch(loss.client, client)]
    return judge(answer_changes(RECORDINGS[name], DIALECTS[client]), rows)
