"""A client of a Redis or Valkey, for whatever pods keep together there. What is kept, and what a failure means, its users know.

The package is an extra, and takes memory: it is imported when a client is asked for.
"""

from __future__ import annotations

from typing import Any


class RedisMissing(Exception):
    """The package is not installed. The text says what to do."""


def connect(
    url: str, timeout: float, username: str | None = None, password: str | None = None
) -> tuple[Any, tuple[type[Exception], ...]]:
    """A `redis.asyncio.Redis`, and what it raises. Nothing is asked of the server yet, and nothing will be asked twice.

    `url` without a password; `timeout` in seconds, for connecting and for each answer. Raises RedisMissing.
    """
    try:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError
    except ImportError:
        raise RedisMissing("the package redis is not there: install outrider[redis]") from None
    client = Redis.from_url(
        url,
        username=username,
        password=password,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    return client, (RedisError, OSError, TimeoutError, ValueError)
