"""A book keeps what is settled by window, a few windows back, and tells whoever writes it down."""

from __future__ import annotations

from proxy.policies.book import MOST, WINDOWS, Book, Entry, Purse, Tally


def test_what_is_settled_is_told_and_stays() -> None:
    book, told = Book(), list[tuple[str, int, int]]()
    book.changed = lambda purse, tally: told.append((purse.key, tally.money, tally.tokens))
    purse = book.purse("a")
    book.settle(purse, purse.at(60), 5, 2)
    book.settle(purse, purse.at(60), 5, 2)
    book.settle(purse, purse.at(60), 0, 0)
    assert told == [("a", 5, 2), ("a", 10, 4)], "nothing is no change"
    assert book.purse("a") is purse
    assert list(book.entries()) == [Entry("a", 60, 10, 4)]


def test_a_window_is_found_again_a_few_windows_later() -> None:
    purse = Purse("a")
    first = purse.at(0)
    first.money = 7
    for start in range(1, WINDOWS):
        assert purse.at(start).idle
    assert purse.at(0) is first, "and is the latest one now"
    for start in range(1, WINDOWS + 1):
        purse.at(start)
    assert purse.at(0).money == 0, "longer ago it is forgotten"
    assert len(purse.windows) == WINDOWS


def test_what_is_held_of_a_forgotten_window_is_settled_to_no_effect() -> None:
    book = Book()
    purse = book.purse("a")
    tally = purse.at(0)
    tally.held_money += 5
    for start in range(1, WINDOWS + 2):
        purse.at(start)
    book.settle(purse, tally, 5, 0)
    assert list(book.entries()) == []


def test_whether_a_window_is_idle() -> None:
    purse = Purse("a")
    assert purse.idle(0)
    purse.at(0).held_tokens += 1
    assert not purse.idle(0)
    assert purse.idle(60)


def test_what_was_found_is_added_once() -> None:
    book, told = Book(), list[Tally]()
    book.changed = lambda purse, tally: told.append(tally)
    book.add(Entry("a", 0, 5, 1))
    assert told == [], "what was found alone is written already"
    purse = book.purse("b")
    book.settle(purse, purse.at(0), 1, 1)
    book.add(Entry("b", 0, 5, 1))
    assert len(told) == 2
    book.recall(Entry("b", 0, 4, 9))
    assert sorted(book.entries()) == [Entry("a", 0, 5, 1), Entry("b", 0, 6, 9)]


def test_a_book_has_an_end() -> None:
    book = Book()
    kept = book.purse("0")
    for number in range(1, MOST + 1):
        book.purse(str(number))
    assert book.fill == (MOST, MOST)
    assert "0" not in book.purses
    book.settle(kept, kept.at(0), 1, 0)
    assert book.purses["0"] is kept, "who still holds it brings it back"
    assert book.fill == (MOST, MOST)
