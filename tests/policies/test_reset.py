"""When a reset comes, told from the question or from the answer, with answers that take their time."""

from __future__ import annotations

import pytest

from proxy.policies.reset import Reset

END = 1060.0
#: When each was asked, and when it was answered.
ASKED = [(1000.0, 1005.0), (1001.0, 1002.0), (1010.0, 1025.0), (1030.0, 1031.0)]


def told(counted_from: int) -> Reset:
    first, *rest = ASKED
    reset = Reset(*first, END - first[counted_from])
    for each in rest:
        reset.hear(*each, END - each[counted_from])
    return reset


@pytest.mark.parametrize("counted_from", [0, 1], ids=["the question", "the answer"])
def test_whichever_it_was_counted_from_it_is_found(counted_from: int) -> None:
    assert told(counted_from).at == END


def test_the_later_one_is_believed_until_more_is_known() -> None:
    reset = Reset(1000.0, 1005.0, 60.0)
    assert (reset.soonest, reset.at) == (1060.0, 1065.0)
    reset.hear(1010.0, 1012.0, 50.0)
    assert reset.at <= 1062.0


def test_whole_seconds_are_near_enough() -> None:
    reset = Reset(1000.5, 1000.7, 59.0)
    for since, now in ((1003.2, 1003.9), (1020.9, 1021.0), (1040.0, 1042.0)):
        reset.hear(since, now, float(int(END - since)))
    assert END - 1 <= reset.at <= END + 1
