"""A real Redis for who asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.upstream.redis import Redis, running


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with running(tmp_path) as redis:
        yield redis
