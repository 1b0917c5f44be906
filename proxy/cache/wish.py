"""What a request says of the cache: our field `cache`, or headers where a dialect has no place for it. Pure.

Sources: RFC 9111, section 5.2.1, for what `Cache-Control` means in a request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from proxy.call import Call, Failure

Mode = Literal["default", "bypass", "refresh", "only"]
MODES: tuple[Mode, ...] = ("default", "bypass", "refresh", "only")
#: The field's header: a mode, or `ttl=60`, or both with a comma between.
HEADER = "x-outrider-cache"
LONGEST = 31 * 86400.0
#: RFC 9111, section 5.2.1 -> mode.
DIRECTIVES: Mapping[str, Mode] = {"no-store": "bypass", "no-cache": "refresh", "only-if-cached": "only"}


class Wish(NamedTuple):
    """`ttl`: seconds that the answer is kept. `max_age`: it may be so old. `said`: that the answer be kept was asked for."""

    mode: Mode = "default"
    ttl: float | None = None
    max_age: float | None = None
    said: bool = False


NONE = Wish()


def wish_of(call: Call) -> Wish:
    """Failure("invalid_request") names what is wrong with it. The field goes before its header, that before Cache-Control."""
    said = call.json.get("cache")
    if said is not None:
        return wish_in_field(said)
    if HEADER in call.caller:
        return wish_in_header(call.caller[HEADER])
    control = call.caller.get("cache-control")
    return NONE if control is None else wish_in_control(control)


def wish_in_field(said: Any) -> Wish:
    if not isinstance(said, dict):
        raise wrong("cache", "cache must be an object with `mode`, `ttl` or both")
    for name in said:
        if name not in ("mode", "ttl"):
            raise wrong(f"cache.{name}", f"cache.{name} is not known; there is mode and ttl")
    ttl = said.get("ttl")
    return Wish(checked_mode(said.get("mode", "default"), "cache.mode"), checked_ttl(ttl, "cache.ttl"), said=True)


def wish_in_header(text: str) -> Wish:
    mode: Mode = "default"
    ttl: float | None = None
    for word in filter(None, (word.strip() for word in text.split(","))):
        if word.startswith("ttl="):
            ttl = checked_ttl(number(word[4:]), HEADER)
        else:
            mode = checked_mode(word, HEADER)
    return Wish(mode, ttl, said=True)


def wish_in_control(text: str) -> Wish:
    """Directives that are not known are passed over, as RFC 9111, section 5.2.3, has it."""
    words = [word.strip().lower() for word in text.split(",")]
    modes = [DIRECTIVES[word] for word in words if word in DIRECTIVES]
    ages = [float(found[1]) for word in words if (found := re.fullmatch(r"max-age=\"?(\d{1,10})\"?", word))]
    mode: Mode = min(modes, key=STRENGTH.index, default="default")
    return Wish(mode, max_age=min(ages, default=None)) if modes or ages else NONE


#: Of several, the first is followed.
STRENGTH: tuple[Mode, ...] = ("bypass", "only", "refresh", "default")


def checked_mode(said: Any, param: str) -> Mode:
    for mode in MODES:
        if said == mode:
            return mode
    raise wrong(param, f"{param} must be one of {', '.join(MODES)}")


def checked_ttl(said: Any, param: str) -> float | None:
    if said is None:
        return None
    if type(said) not in (int, float) or not 0 < said <= LONGEST:
        raise wrong(param, f"the ttl in {param} must be seconds, above 0 and at most {LONGEST:.0f}")
    return float(said)


def number(text: str) -> float | str:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) else text


def wrong(param: str, detail: str) -> Failure:
    return Failure("invalid_request", detail, param=param)
