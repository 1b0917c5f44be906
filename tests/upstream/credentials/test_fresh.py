"""A credential that expires: fetched once, renewed early, kept while it is valid. The clock is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from proxy.upstream.credentials.fresh import Fresh, Token, Unavailable


class Wall:
    """Seconds that pass when the test says so; sleeps end when their time has come."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        ended = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, ended))
        await ended

    @property
    def next(self) -> float:
        """Seconds until the first sleeper wakes."""
        return min(at for at, ended in self._sleepers if not ended.done()) - self.now

    async def pass_by(self, seconds: float) -> None:
        self.now += seconds
        for at, ended in self._sleepers:
            if at <= self.now and not ended.done():
                ended.set_result(None)
        for _ in range(10):
            await asyncio.sleep(0)


class Source:
    """Answers what `life` says: seconds that the next token holds, or what is raised."""

    def __init__(self, wall: Wall, life: float | Unavailable | None = 3600.0) -> None:
        self.wall = wall
        self.life = life
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> Token[str]:
        self.asked += 1
        asked = self.asked
        await self.gate.wait()
        if isinstance(self.life, Unavailable):
            raise self.life
        return Token(f"token-{asked}", None if self.life is None else self.wall() + self.life)


Make = Callable[..., tuple[Fresh[str], Source]]


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: wall.sleep(seconds) if seconds else real(0))
    return wall


@pytest.fixture
async def make(wall: Wall) -> AsyncIterator[Make]:
    made: list[Fresh[str]] = []

    def make(life: float | Unavailable | None = 3600.0, dice: float = 0.0) -> tuple[Fresh[str], Source]:
        source = Source(wall, life)
        made.append(Fresh("test", source, wall, lambda: dice))
        return made[-1], source

    yield make
    for kept in made:
        kept.close()


async def test_it_is_fetched_by_the_first_that_needs_it_and_once_for_all_that_wait(make: Make) -> None:
    kept, source = make()
    assert (kept.current, source.asked) == (None, 0)
    source.gate.clear()
    waiters = [asyncio.ensure_future(kept.ready()) for _ in range(20)]
    await asyncio.sleep(0)
    waiters[0].cancel()
    source.gate.set()
    found = await asyncio.gather(*waiters, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert set(found[1:]) == {"token-1"}
    assert (source.asked, kept.current) == (1, "token-1")


@pytest.mark.parametrize(
    ("life", "dice", "due"),
    [(3600.0, 0.0, 3300.0), (3600.0, 1.0, 3150.0), (100.0, 0.0, 75.0), (None, 0.0, 3300.0), (1e308, 0.0, 86100.0)],
)
async def test_it_is_renewed_early_in_the_background(
    make: Make, wall: Wall, life: float | None, dice: float, due: float
) -> None:
    kept, source = make(life, dice)
    await kept.ready()
    await wall.pass_by(0)
    assert wall.next == pytest.approx(due)
    await wall.pass_by(due)
    assert (source.asked, kept.current, kept.renewals) == (2, "token-2", 2)


async def test_the_old_one_is_used_while_it_is_valid_and_no_longer(make: Make, wall: Wall) -> None:
    kept, source = make(1000.0)
    await kept.ready()
    source.life = Unavailable("the endpoint is down")
    await wall.pass_by(0)
    await wall.pass_by(wall.next)
    assert kept.fault == "the endpoint is down"
    pauses = []
    for _ in range(5):
        pauses.append(wall.next)
        await wall.pass_by(wall.next)
    assert pauses == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0])
    await wall.pass_by(1000.0)
    assert kept.current is None
    with pytest.raises(Unavailable, match="the endpoint is down"):
        await kept.ready()
    source.life = 500.0
    assert (await kept.ready()).startswith("token-")
    assert kept.fault is None


async def test_what_cannot_be_had_is_told_to_each_and_asked_for_anew(make: Make) -> None:
    kept, source = make(Unavailable("nothing is configured", lasting=True))
    for _ in range(2):
        with pytest.raises(Unavailable, match="nothing is configured"):
            await kept.ready()
    assert source.asked == 2


async def test_the_log_has_each_reason_and_the_same_one_once_a_minute(
    make: Make, wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    kept, source = make(Unavailable("nothing is configured"))
    for reason, seconds in (("a", 0.0), ("a", 30.0), ("a", 40.0), ("b", 0.0), ("b", 0.0)):
        source.life = Unavailable(reason)
        await wall.pass_by(seconds)
        with pytest.raises(Unavailable):
            await kept.ready()
    told = [(record.message, record.__dict__["reason"], record.__dict__["valid"]) for record in caplog.records]
    assert told == [("a credential could not be had", reason, False) for reason in ("a", "a", "b")]


async def test_what_the_provider_refused_is_fetched_anew_once(make: Make) -> None:
    kept, source = make()
    first = await kept.ready()
    kept.forget(first)
    gone = kept.current
    assert gone is None
    second = await kept.ready()
    kept.forget(first)
    assert kept.current == second
    assert source.asked == 2


async def test_what_comes_after_a_refused_one_has_a_renewal_of_its_own(make: Make, wall: Wall) -> None:
    kept, source = make(40_000.0)
    kept.forget(await kept.ready())
    source.life = 1000.0
    await kept.ready()
    await wall.pass_by(0)
    await wall.pass_by(750.0)
    assert (source.asked, kept.current) == (3, "token-3")


@pytest.mark.parametrize("life", [-3600.0, 0.0, 4.0])
async def test_what_is_over_as_soon_as_it_comes_is_none_and_takes_nothing_away(
    make: Make, wall: Wall, life: float
) -> None:
    kept, source = make(life)
    with pytest.raises(Unavailable, match=rf"^what was given holds for {life:.0f} seconds only, unless the clock here"):
        await kept.ready()
    source.life = 100.0
    assert await kept.ready() == "token-2"
    source.life = life
    await wall.pass_by(0)
    await wall.pass_by(75.0)
    assert (source.asked, kept.current) == (3, "token-2")


async def test_an_expired_one_is_never_handed_out(make: Make, wall: Wall) -> None:
    kept, _ = make(100.0)
    await kept.ready()
    wall.now += 94.0
    assert kept.current == "token-1"
    wall.now += 1.0
    assert kept.current is None
    assert await kept.ready() == "token-2"
