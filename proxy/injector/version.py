"""The API server's version, which says whether native sidecars can be had. It knows how vendors spell it and no more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from proxy.injector.refusal import ClusterError


class Api(Protocol):
    async def get(self, path: str) -> dict[str, Any]: ...


async def read_version(api: Api) -> tuple[int, int]:
    """Raises ClusterError."""
    found = version_of(await api.get("/version"))
    if found is None:
        raise ClusterError(0, "GET /version: no version in the answer")
    return found


def version_of(found: Mapping[str, Any]) -> tuple[int, int] | None:
    """Major and minor; some vendors add a plus sign to the minor (`30+`). None where they are not numbers."""
    parts = [re.match("[0-9]{1,4}", str(found.get(name, ""))) for name in ("major", "minor")]
    numbers = [int(part[0]) for part in parts if part]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None
