"""Which calls get a line: the share that was asked for, and the same ones wherever the same id is seen."""

from __future__ import annotations

import pytest

from proxy.logs.sampling import EVERY, Sampling

IDS = [f"{number:032x}" for number in range(20_000)]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_a_share_is_taken(share: float) -> None:
    taken = sum(Sampling(success=share).takes(call_id, False) for call_id in IDS)
    assert taken == pytest.approx(share * len(IDS), abs=0.01 * len(IDS))
    assert (share not in (0.0, 1.0)) or taken == share * len(IDS)


def test_the_same_calls_are_taken_by_everyone() -> None:
    tenth, half = Sampling(success=0.1), Sampling(success=0.5)
    assert all(half.takes(call_id, False) for call_id in IDS if tenth.takes(call_id, False))


def test_failures_have_their_own_share() -> None:
    sampling = Sampling(success=0.0, failure=1.0)
    assert not any(sampling.takes(call_id, False) for call_id in IDS)
    assert all(sampling.takes(call_id, True) for call_id in IDS)
    assert EVERY.takes("\ud800", True)
