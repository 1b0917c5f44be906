"""What is due when, over ten years in no time, and every way a Secret can be damaged."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from proxy.injector.authority import (
    MEMBERS,
    Authority,
    advance,
    begin,
    next_step,
    parse_secret,
    render_secret,
    salvage,
)
from proxy.injector.certificates import Damaged, Lifetimes, is_issued_by, make_ca, read, split

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMES = ("outrider", "outrider.llm.svc")
LIVES = Lifetimes()
DAY = timedelta(days=1)
FIRST = begin(NAMES, NOW, LIVES)
PREPARED = advance(FIRST, "prepare", NAMES, NOW + 2930 * DAY, LIVES)
PROMOTED = advance(PREPARED, "promote", NAMES, NOW + 2931 * DAY, LIVES)


def fresh(held: Authority, day: int) -> Authority:
    return advance(held, "renew", NAMES, NOW + day * DAY, LIVES)


@pytest.mark.parametrize(
    ("held", "day", "settled", "step"),
    [
        (FIRST, 0, False, ""),
        (FIRST, 59, False, ""),
        (FIRST, 61, False, "renew"),
        (FIRST, 95, False, "renew"),
        (fresh(FIRST, 2910), 2915, False, ""),
        (fresh(FIRST, 2910), 2921, False, "prepare"),
        (fresh(PREPARED, 2930), 2931, False, ""),
        (fresh(PREPARED, 2930), 2931, True, "promote"),
        (PROMOTED, 2990, False, ""),
        (fresh(PROMOTED, 3000), 3022, False, "forget"),
        (FIRST, 3651, False, "begin"),
    ],
)
def test_what_is_next(held: Authority, day: int, settled: bool, step: str) -> None:
    assert next_step(held, NAMES, NOW + day * DAY, LIVES, settled) == step


def test_another_name_is_a_reason_to_renew() -> None:
    assert next_step(FIRST, ("outrider", "other"), NOW, LIVES, False) == "renew"
    assert next_step(FIRST, tuple(reversed(NAMES)), NOW, LIVES, False) == ""


def test_a_coming_ca_is_published_before_anything_of_it_is_served() -> None:
    assert PREPARED.coming is not None
    assert PREPARED.leaf == FIRST.leaf
    assert PREPARED.bundle == FIRST.ca.certificate + PREPARED.coming.certificate


def test_a_promoted_ca_signs_and_the_one_before_stays_published() -> None:
    assert PROMOTED.ca == PREPARED.coming
    assert is_issued_by(PROMOTED.leaf.certificate, PROMOTED.ca.certificate)
    assert PROMOTED.bundle == PROMOTED.ca.certificate + FIRST.ca.certificate
    assert PROMOTED.former_until == NOW + (2931 + 90) * DAY


def test_the_one_before_is_forgotten_when_nothing_of_it_is_valid() -> None:
    forgotten = advance(PROMOTED, "forget", NAMES, NOW + 3022 * DAY, LIVES)
    assert forgotten.bundle == PROMOTED.ca.certificate


def test_a_coming_ca_that_ended_while_nobody_looked_is_made_anew() -> None:
    held = fresh(PREPARED, 3640)._replace(coming=make_ca(NOW - 4000 * DAY, LIVES))
    assert next_step(held, NAMES, NOW + 3641 * DAY, LIVES, True) == "prepare"


def test_no_step_is_made_up() -> None:
    with pytest.raises(ValueError, match="promote"):
        advance(FIRST, "promote", NAMES, NOW, LIVES)


@pytest.mark.parametrize("held", [FIRST, PREPARED, PROMOTED])
def test_a_secret_says_what_was_held(held: Authority) -> None:
    data = render_secret(held)
    assert tuple(data) == MEMBERS
    assert parse_secret(data) == held


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


OTHER = render_secret(begin(NAMES, NOW, LIVES))
DAMAGE: dict[str, list[object]] = {
    "ca.crt": ["", "%%%", encoded(b"junk"), 5, None, OTHER["ca.crt"]],
    "ca.key": ["", encoded(b"junk"), OTHER["ca.key"]],
    "tls.crt": ["", encoded(b"junk"), OTHER["tls.crt"]],
    "tls.key": ["", encoded(b"junk"), OTHER["tls.key"]],
    "next-ca.crt": [encoded(b"junk")],
    "next-ca.key": ["", encoded(b"junk")],
    "former-ca.crt": [encoded(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), encoded(b"junk")],
    "former-until": ["", encoded(b"soon"), encoded(b"2026-01-01T00:00:00"), encoded(b"\xff")],
}
WHOLE = render_secret(PROMOTED._replace(coming=PREPARED.coming))


@pytest.mark.parametrize(("member", "value"), [(name, value) for name, values in DAMAGE.items() for value in values])
def test_damage_is_named_by_its_member(member: str, value: object) -> None:
    with pytest.raises(Damaged, match=member.rpartition(".")[0] or member) as raised:
        parse_secret({**WHOLE, member: value})
    assert "PRIVATE" not in str(raised.value)


def test_a_pair_of_another_ca_is_damage() -> None:
    with pytest.raises(Damaged, match=r"not of the CA"):
        parse_secret({**WHOLE, "tls.crt": OTHER["tls.crt"], "tls.key": OTHER["tls.key"]})


def test_what_can_be_read_of_a_damaged_secret_stays_trusted() -> None:
    damaged = {**render_secret(PROMOTED), "ca.key": encoded(b"junk")}
    kept = salvage(damaged, NOW + 2932 * DAY)
    assert split(kept) == [PROMOTED.ca.certificate, FIRST.ca.certificate]
    anew = begin(NAMES, NOW, LIVES, kept)
    assert anew.bundle == anew.ca.certificate + kept
    assert anew.former_until == NOW + LIVES.leaf


def test_nothing_that_ended_and_no_junk_is_salvaged() -> None:
    assert salvage({"ca.crt": encoded(b"junk"), "former-ca.crt": 7}, NOW) == b""
    assert salvage(render_secret(FIRST), NOW + 4000 * DAY) == b""
    assert begin(NAMES, NOW, LIVES, b"").former_until is None


def test_a_leaf_of_a_ca_about_to_end_ends_with_it() -> None:
    late = fresh(FIRST, 3649)
    assert read(late.leaf.certificate).end == read(FIRST.ca.certificate).end
