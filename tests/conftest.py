"""What every test may ask for. Fixtures of one area live beside that area's tests."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.upstream.pods import MakePod, pods
from tests.upstream.redis import Redis, running

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded provider traffic, one folder per provider; without it the test is skipped."""
    folder = ROOT.parent / "shared" / "wire"
    if not folder.is_dir():
        pytest.skip(f"no recordings: {folder} does not exist")
    return folder


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A real one, for who asks for it: mark these with `needs_redis`."""
    with running(tmp_path) as redis:
        yield redis


@pytest.fixture
async def pod(redis: Redis) -> AsyncIterator[MakePod]:
    """Makes pods that share it."""
    async with pods(redis) as make:
        yield make


def pytest_collection_finish() -> None:
    """What was collected stays to the end: a test that has the collector look at everything need not wait for that."""
    gc.collect()
    gc.freeze()
