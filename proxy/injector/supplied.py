"""A certificate that others keep, cert-manager or a person: files of a mounted Secret, served as they change. It makes none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from proxy.injector.certificates import Damaged, read
from proxy.injector.mounted import Mounted
from proxy.injector.served import BadPair

log = logging.getLogger(__name__)

FILES = ("tls.crt", "tls.key")


class Supplied:
    """serve: takes a certificate and its key, PEM, raising BadPair. Of a bad pair the one before stays."""

    def __init__(self, directory: Path, serve: Callable[[bytes, bytes], bool]) -> None:
        self._directory = directory
        self._mounted = Mounted(directory, FILES)
        self._serve = serve
        self._faults = ["certificate: not yet served"]
        self._end: datetime | None = None

    @property
    def faults(self) -> list[str]:
        """Why the replica is not ready, in words; none once a certificate is served."""
        return self._faults

    @property
    def ends(self) -> Mapping[str, datetime]:
        return {} if self._end is None else {"leaf": self._end}

    async def tick(self) -> None:
        try:
            found = self._mounted.changed()
            if found is None:
                return
            end = read(found[0]).end
            self._serve(*found)
        except (OSError, Damaged, BadPair) as error:
            self._failed(error)
        else:
            self._end = end
            self._faults = []
            log.info("a certificate is served", extra={"until": end.isoformat()})

    def _failed(self, error: Exception) -> None:
        said = f"{self._directory}: {error.strerror}" if isinstance(error, OSError) else f"{FILES[0]}: {error}"
        if self._end is None:
            self._faults = [f"certificate: {said}"]
        log.warning("no certificate can be had from %s: %s", self._directory, said)
