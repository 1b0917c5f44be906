"""Looking at what may change: once for each change, and no longer once it is closed."""

from __future__ import annotations

from proxy.server.looking import Looking
from tests.promises.caller import until


async def test_a_change_is_told_once() -> None:
    state, told = ["a"], 0

    async def changed() -> None:
        nonlocal told
        told += 1

    looking = Looking(lambda: state[0], changed)
    for now, seen in (("a", 1), ("a", 1), ("b", 2), ("a", 3)):
        state[0] = now
        await looking.look()
        assert told == seen


async def test_it_looks_by_itself_until_it_is_closed() -> None:
    looked, told = 0, 0

    def stamp() -> int:
        nonlocal looked
        looked += 1
        return looked

    async def changed() -> None:
        nonlocal told
        told += 1

    looking = Looking(stamp, changed, every=0.001)
    looking.start()
    looking.start()
    await until(lambda: told >= 3)
    await looking.close()
    before = looked
    await looking.look()
    assert looked == before + 1


async def test_what_was_never_started_closes() -> None:
    async def changed() -> None: ...

    await Looking(lambda: 1, changed).close()
