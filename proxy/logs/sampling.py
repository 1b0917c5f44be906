"""Which calls get a line, where not all do. No dice: the same call is chosen everywhere."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32


class Sampling(NamedTuple):
    """Shares of calls that get a line, of those that ended well and of those that did not."""

    success: float = 1.0
    failure: float = 1.0

    def takes(self, call_id: str, failed: bool) -> bool:
        """By the id, so that all lines of a call are there or none, here and wherever else the same id is asked about."""
        share = self.failure if failed else self.success
        return crc32(call_id.encode("utf-8", "replace")) < share * 2**32


EVERY = Sampling()
