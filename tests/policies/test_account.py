"""One budget: what it lets through and when it begins anew, whose values it tells apart, and what it warns of."""

from __future__ import annotations

import logging

import pytest

from proxy.call import Call, Failure, Headers
from proxy.config.budgets import BudgetRule
from proxy.policies.account import OTHER, BudgetScope, Hold, key_of
from proxy.policies.book import Book
from proxy.policies.worth import Bill, Worth
from tests.policies.clocked import target
from tests.policies.spending import DAILY, DOLLAR, THERE, WALL, asked, scopes_of, spent, tally

DAY = 86400
WORTH = Worth(100, 1, 100, None, 3 * DOLLAR)
PER_USER = DAILY._replace(name="users", header="x-user", values=2)


def reserve(scope: BudgetScope, call: Call | None = None, wall: float = WALL, worth: Worth = WORTH) -> Hold:
    assert scope.calendar is not None
    window = scope.calendar.at(wall)
    return scope.account(call or asked(), window).reserve(worth, window, wall)


def settle(scope: BudgetScope, dollars: int, wall: float = WALL, call: Call | None = None, tokens: int = 10) -> None:
    reserve(scope, call, wall).settle(Bill(tokens, dollars * DOLLAR))


def calls_until_full(scope: BudgetScope, wall: float = WALL) -> int:
    """Calls that are let in while none ends."""
    for number in range(100):
        try:
            reserve(scope, wall=wall)
        except Failure:
            return number
    return 100


def test_calls_are_let_in_while_less_than_the_cap_is_settled_and_held() -> None:
    (scope,) = scopes_of(DAILY)
    assert calls_until_full(scope) == 4, "three of three dollars are nine of ten"
    assert tally(scope).held_money == 12 * DOLLAR
    (scope,) = scopes_of(DAILY)
    settle(scope, 9)
    assert calls_until_full(scope) == 1
    (scope,) = scopes_of(DAILY._replace(money=None, tokens=1000))
    assert calls_until_full(scope) == 5
    (scope,) = scopes_of(DAILY._replace(tokens=400))
    assert calls_until_full(scope) == 2, "of two amounts both count"


def test_what_is_settled_takes_the_place_of_what_was_held() -> None:
    (scope,) = scopes_of(DAILY)
    hold = reserve(scope)
    assert (tally(scope).held_money, tally(scope).held_tokens) == (3 * DOLLAR, 200)
    hold.settle(Bill(7, DOLLAR))
    assert (tally(scope).held_money, tally(scope).held_tokens) == (0, 0)
    assert spent(scope) == (1, 7)


def test_a_refusal_says_when_it_begins_anew() -> None:
    (scope,) = scopes_of(DAILY._replace(zone="Europe/Berlin"))
    settle(scope, 10)
    with pytest.raises(Failure) as refused:
        reserve(scope)
    failure = refused.value
    assert (failure.kind, failure.status, failure.code) == ("budget_exceeded", 429, "money")
    assert failure.detail == "the budget daily is spent (money); it begins anew at 2026-03-29T22:00:00Z"
    assert failure.retry_after == 22 * 3600, "Berlin has set its clock, and its day is an hour old"
    assert scope.told["refused"] == 1


def test_what_costs_nothing_is_let_in() -> None:
    (scope,) = scopes_of(DAILY)
    settle(scope, 10)
    reserve(scope, worth=WORTH._replace(money=0))
    with pytest.raises(Failure):
        reserve(scope, worth=WORTH._replace(money=None))


def test_a_soft_budget_refuses_nobody() -> None:
    (scope,) = scopes_of(DAILY._replace(hard=False))
    settle(scope, 100)
    assert calls_until_full(scope) == 100


def test_a_warning_is_said_once_in_a_window(caplog: pytest.LogCaptureFixture) -> None:
    (scope,) = scopes_of(DAILY._replace(soft=0.5))
    for dollars in (4, 1, 1, 1):
        settle(scope, dollars)
    settle(scope, 9, WALL + DAY)
    said = [(record.getMessage(), record.__dict__["spent"]) for record in caplog.records]
    assert said == [("a budget is nearly spent", "50%"), ("a budget is nearly spent", "90%")]
    assert scope.told["warned"] == 2
    assert scope.rule.name in str(caplog.records[0].__dict__["budget"])


def test_the_application_is_told_once_for_each_budget() -> None:
    one, two = scopes_of(DAILY, DAILY._replace(name="Größe; 2\r\n"))
    call = asked()
    other: Headers = (("x-other", "daily; spent=1%"),)
    call.notes = other
    one.note(call, 0.5)
    two.note(call, 1.25)
    one.note(call, 0.8349)
    assert call.notes == (
        ("x-other", "daily; spent=1%"),
        ("x-outrider-budget", "Gr%C3%B6%C3%9Fe%3B 2%0D%0A; spent=125%"),
        ("x-outrider-budget", "daily; spent=83%"),
    )


# ---- clocks


def test_a_clock_that_steps_back_finds_what_it_left() -> None:
    (scope,) = scopes_of(DAILY)
    settle(scope, 9, WALL + 10)
    settle(scope, 2, WALL + DAY)
    assert (spent(scope, WALL)[0], spent(scope, WALL + DAY)[0]) == (9, 2)
    assert calls_until_full(scope, WALL + 20) == 1
    assert calls_until_full(scope, WALL + DAY) == 3


def test_a_clock_that_jumps_ahead_and_back_wedges_nothing() -> None:
    (scope,) = scopes_of(DAILY)
    settle(scope, 9)
    early = reserve(scope)
    for years in (1, 30, 7000):
        assert calls_until_full(scope, WALL + years * 365 * DAY) == 4, "what the clock says is what there is"
    early.settle(Bill(1, DOLLAR))
    assert spent(scope)[0] == 10, "and it is the window of the call that pays"
    with pytest.raises(Failure):
        reserve(scope)


def test_a_call_is_paid_from_the_window_in_which_it_began() -> None:
    (scope,) = scopes_of(DAILY)
    hold = reserve(scope, wall=WALL + DAY - 1)
    assert calls_until_full(scope, WALL + DAY) == 4, "what the old day holds is not held of the new one"
    hold.settle(Bill(1, 2 * DOLLAR))
    assert (spent(scope)[0], spent(scope, WALL + DAY)[0]) == (2, 0)


# ---- whom it is for


@pytest.mark.parametrize(
    ("rule", "model", "to", "met"),
    [
        (DAILY, "fast", ("there", "m"), True),
        (DAILY._replace(model="fast"), "fast", ("there", "m"), True),
        (DAILY._replace(model="fast"), "slow", ("there", "m"), False),
        (THERE, "fast", ("there", "m"), True),
        (THERE, "fast", ("elsewhere", "m"), False),
        (THERE._replace(model="m"), "fast", ("there", "m"), True),
        (THERE._replace(model="fast"), "fast", ("there", "m"), False),
    ],
)
def test_whom_a_budget_is_for(rule: BudgetRule, model: str, to: tuple[str, str], met: bool) -> None:
    (scope,) = scopes_of(rule)
    call = asked(target(*to))
    call.model = model
    assert scope.meets(call) is met
    call.target = None
    assert scope.meets(call) is (met and not rule.provider)


def user(name: str) -> Call:
    return asked(headers={"x-user": name})


def test_each_value_has_a_budget_of_its_own() -> None:
    (scope,) = scopes_of(PER_USER)
    settle(scope, 10, call=user("ann"))
    settle(scope, 1, call=user("bob"))
    with pytest.raises(Failure):
        reserve(scope, user("ann"))
    reserve(scope, user("bob"))
    assert scope.values == (2, 2)


def test_who_invents_values_shares_one_budget_with_the_rest() -> None:
    """And nobody's is emptied by it: a value makes room only when it has spent nothing in this window."""
    (scope,) = scopes_of(PER_USER)
    settle(scope, 10, call=user("ann"))
    settle(scope, 1, call=user("bob"))
    for number in range(20):
        reserve(scope, user(f"invented {number}")).settle(Bill(0, DOLLAR // 2))
    with pytest.raises(Failure):
        reserve(scope, user("invented again"))
    with pytest.raises(Failure):
        reserve(scope, user("ann"))
    assert (scope.values, scope.folded) == ((2, 2), 21)
    reserve(scope, user("the next day"), WALL + DAY)
    assert scope.folded == 21


def test_a_value_that_made_room_is_found_again() -> None:
    (scope,) = scopes_of(PER_USER)
    settle(scope, 9, call=user("ann"))
    for name in ("bob", "cid"):
        reserve(scope, user(name), WALL + DAY)
    assert len(scope.every()) == 2
    settle(scope, 1, WALL, user("ann"))
    found = [entry for entry in scope.book.entries() if entry.money]
    assert [entry.money for entry in found] == [10 * DOLLAR], "although the clock was a day ahead meanwhile"


def test_no_value_is_written_down() -> None:
    (scope,) = scopes_of(PER_USER)
    settle(scope, 1, call=user("sk-secret-key"))
    assert "sk-secret" not in str(list(scope.book.entries()))
    assert all(len(key) == 32 or key == OTHER for key in scope._values)


def test_what_a_purse_is_called() -> None:
    """For as long as name, scope and period are the same, whatever the amounts are."""
    assert key_of(DAILY, "") == key_of(DAILY._replace(money=5, hard=False, soft=None, zone="Asia/Tokyo"), "")
    changed = [
        DAILY._replace(name="other"),
        DAILY._replace(model="m"),
        DAILY._replace(provider="m"),
        DAILY._replace(header="m"),
        DAILY._replace(scope="fleet"),
        DAILY._replace(per="hour"),
    ]
    assert len({key_of(rule, "") for rule in (DAILY, *changed)} | {key_of(DAILY, "a")}) == 8


def test_two_scopes_of_one_book_spend_from_the_same_purse() -> None:
    """As the calls of two configurations do."""
    book = Book()
    (old,) = scopes_of(DAILY, book=book)
    hold = reserve(old)
    (new,) = scopes_of(DAILY._replace(money=4 * DOLLAR), book=book)
    assert calls_until_full(new) == 1
    hold.settle(Bill(1, 3 * DOLLAR))
    assert spent(new)[0] == 3


def test_what_nobody_knows_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    money, tokens = scopes_of(DAILY, DAILY._replace(money=None, tokens=5))
    for scope in (money, tokens):
        scope.count(Bill(unpriced=2, unknown=1))
    assert (money.told["unpriced"], tokens.told["unpriced"], tokens.told["unknown"]) == (2, 0, 1)
