"""The section `drain`: in which order the process and its application end, and how long that may take.

In a pod Kubernetes' own order is told by variables, which whoever injects the container sets. How it is done is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError, shown
from proxy.config.values import Grace

MODE, GRACE = "OUTRIDER_DRAIN", "OUTRIDER_GRACE"
#: Seconds before the pod's own end by which everything has been said.
MARGIN = 2.0
LONGEST = 86400.0

Mode = Literal["auto", "native", "classic"]


def _about(description: str) -> Meta:
    return Meta(description=description)


class Drain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the process ends."""

    mode: Annotated[
        Mode,
        _about(
            "Whether the application has ended before (native) or ends meanwhile (classic); auto: as OUTRIDER_DRAIN says."
        ),
    ] = "auto"
    grace: Annotated[Grace, _about("Seconds that open streams get to finish after SIGTERM.")] = 25.0
    idle: Annotated[Grace, _about("In the classic order: seconds without a call after which it ends.")] = 2.0
    minimum: Annotated[Grace, _about("In the classic order: seconds for which it goes on in any case.")] = 5.0


class Ending(NamedTuple):
    """classic: new calls are served meanwhile. The rest in seconds since SIGTERM, `longest` until what still runs is cut."""

    classic: bool
    longest: float
    idle: float
    minimum: float


def ending(drain: Drain, environ: Mapping[str, str]) -> Ending:
    """Raises ConfigError for a variable that says neither the one nor the other."""
    mode = drain.mode if drain.mode != "auto" else environ.get(MODE) or "native"
    if mode not in ("native", "classic"):
        raise ConfigError(MODE, shown(mode), "native, classic")
    given = environ.get(GRACE)
    if mode == "native" or not given:
        return Ending(mode == "classic", drain.grace, drain.idle, drain.minimum)
    return Ending(True, max(0.0, _seconds(given) - MARGIN), drain.idle, drain.minimum)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= LONGEST:
        raise ConfigError(GRACE, shown(text), "seconds, 0 to 86400")
    return found
