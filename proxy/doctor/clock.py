"""Whether this machine's clock is right, by the Date of the answers that providers give (RFC 9110, section 6.6.1).

AWS refuses signatures, and identity providers tokens, that are more than five minutes off. Clocks are arguments here.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from statistics import median

from proxy.doctor.finding import FAILED, OK, SKIPPED, WARNING, Finding

#: Seconds off from which on it is warned of, and from which on signatures are refused:
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
ODD, WRONG = 30.0, 300.0
SUBJECT, CHECK = "this machine", "clock"
ADVICE = (
    "set the clock of this machine, by NTP or chrony; in a pod it is the node's. Signatures and tokens depend on it"
)


def offset_of(headers: Mapping[str, str], asked: float, answered: float) -> float | None:
    """Seconds by which the clock here is ahead of the server's; None where it did not tell. `asked`, `answered`: since the epoch.

    `headers` by names in lower case. What came out of a cache (Age) was said earlier.
    """
    try:
        told = parsedate_to_datetime(headers["date"]).timestamp()
        age = float(headers.get("age", "0"))
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    # The date is cut to a whole second: on average half of one has passed since.
    return (asked + answered) / 2 - (told + age + 0.5)


def clock_findings(offsets: Mapping[str, float]) -> list[Finding]:
    """What the servers agree on is this clock's fault, and where one stands alone it is that server's. Seconds by provider."""
    if not offsets:
        return [Finding(SUBJECT, CHECK, SKIPPED, "nobody was asked who would tell the time")]
    middle = median(offsets.values())
    alone = [name for name, offset in offsets.items() if abs(offset - middle) > ODD]
    if len(offsets) == 2 and alone:
        return [Finding(SUBJECT, CHECK, WARNING, f"{' and '.join(map(said, offsets, offsets.values()))}", ADVICE)]
    return [own(middle, [name for name in offsets if name not in alone]), *[odd(name, offsets[name]) for name in alone]]


def own(offset: float, names: list[str]) -> Finding:
    by = ", ".join(names[:3])
    if abs(offset) <= ODD:
        return Finding(SUBJECT, CHECK, OK, f"it agrees with {by} to {max(1, round(abs(offset)))} s")
    side = "ahead of" if offset > 0 else "behind"
    state = FAILED if abs(offset) > WRONG else WARNING
    return Finding(SUBJECT, CHECK, state, f"it is {span(offset)} {side} {by}", ADVICE)


def odd(name: str, offset: float) -> Finding:
    return Finding(
        name, CHECK, WARNING, said(name, offset), "its own clock is wrong, or an old answer was told again on the way"
    )


def said(name: str, offset: float) -> str:
    if abs(offset) <= ODD:
        return f"this machine agrees with {name}"
    return f"this machine is {span(offset)} {'ahead of' if offset > 0 else 'behind'} {name}"


def span(seconds: float) -> str:
    whole = abs(seconds)
    return f"{whole:.0f} s" if whole < 120 else f"{whole / 60:.0f} min" if whole < 7200 else f"{whole / 3600:.1f} h"
