"""A bounded store of texts."""

from proxy.upstream.kept import Kept


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept = Kept(10, 60, Clock())
    kept.put("a", "1234")
    kept.put("b", "1234")
    assert kept.get("a") == "1234"
    kept.put("c", "1234")
    assert [kept.get(key) for key in "abc"] == ["1234", None, "1234"]
    assert kept.size == 8


def test_a_text_gets_old() -> None:
    clock = Clock()
    kept = Kept(10, 60, clock)
    kept.put("a", "1234")
    clock.now = 59.9
    assert kept.get("a") == "1234"
    clock.now = 60.0
    assert kept.get("a") is None
    assert kept.size == 0


def test_a_text_that_is_too_large_is_not_kept_and_takes_the_older_one_away() -> None:
    kept = Kept(10, 60, Clock())
    kept.put("a", "1234")
    kept.put("a", "x" * 11)
    assert (kept.get("a"), kept.size) == (None, 0)


def test_a_text_put_again_counts_once() -> None:
    kept = Kept(10, 60, Clock())
    for _ in range(3):
        kept.put("a", "1234")
    assert kept.size == 4
