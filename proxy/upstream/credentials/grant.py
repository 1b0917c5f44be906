"""What token endpoints have in common: a question, an answer that holds a token, and refusals that say why.

Sources: RFC 6749, sections 5.1 and 5.2; metadata servers answer alike. A reason given here never repeats what was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode

import orjson
from yarl import URL

from proxy.call import Json
from proxy.upstream.credentials.ask import Answer, Asker, host_of
from proxy.upstream.credentials.fresh import Token, Unavailable

#: What a file holds, as text; OSError where there is none.
ReadFile = Callable[[str], str]

FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
#: A refusal with one of these is of a moment; any other stands until somebody changes something.
PASSING = frozenset({404, 408, 410, 425, 429})
#: Seconds before each further attempt where the other side says that it has trouble of its own.
PAUSES = (0.1, 0.4)
LONGEST_REASON = 300
#: Fields of a question that are taken out of the reason that answers it, should it repeat them; so is what headers say.
SECRETS = frozenset({"assertion", "client_assertion", "client_secret", "refresh_token", "subject_token"})
SHORTEST_SECRET = 4


async def granted(
    asker: Asker, url: str, form: Mapping[str, str], wall: Callable[[], float], **more: str
) -> Token[str]:
    """The token that a token endpoint gives for `form`; `more` are headers. Unavailable where it refuses."""
    asked = partial(asker.ask, "POST", url, headers={**FORM, **more}, body=urlencode(form).encode())
    answer = await patiently(asked)
    secrets = [form[name] for name in SECRETS & form.keys()] + [word for text in more.values() for word in text.split()]
    return token_in(said_in(answer, host_of(url), secrets), host_of(url), wall())


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer; asked again where it is a 429 or 5xx, for those who wait would have to ask again themselves."""
    for pause in PAUSES:
        answer = await ask()
        if answer.status != 429 and answer.status < 500:
            return answer
        await asyncio.sleep(pause)
    return await ask()


async def told(way: str, fetched: Awaitable[Token[str]]) -> Token[str]:
    """The same, but a failure says which way it was that failed."""
    try:
        return await fetched
    except Unavailable as fault:
        raise Unavailable(f"{way}: {fault}", fault.lasting) from None


def said_in(answer: Answer, who: str, secrets: Sequence[str]) -> Json:
    """The object of a good answer. Unavailable with the words of a bad one, but for `secrets`."""
    if answer.status != 200:
        lasting = answer.status < 500 and answer.status not in PASSING
        raise Unavailable(f"{who} answered {answer.status}{reason_in(answer.body, secrets)}", lasting)
    said = loaded(answer.body)
    if said is None:
        raise Unavailable(f"{who} answered with no JSON object")
    return said


def token_in(said: Json, who: str, now: float) -> Token[str]:
    """`access_token`, and its end by `expires_in` (from now) or `expires_on` (since the epoch): numbers, or texts of such."""
    token = header_value(said.get("access_token"))
    if token is None:
        raise Unavailable(f"{who} answered without a usable access_token")
    life, end = number(said.get("expires_in")), number(said.get("expires_on"))
    return Token(token, now + life if life is not None else end)


def header_value(value: Any) -> str | None:
    """A token goes into a header: nothing but visible ASCII (RFC 6750, section 2.1)."""
    good = isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value
    return value if good and value else None


def number(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if value.isascii() and value.isdecimal() else None
    return float(value) if isinstance(value, int | float) and type(value) is not bool else None


def moment(value: Any) -> float | None:
    """RFC 3339 -> seconds since the epoch; None for anything else."""
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except ValueError:
        return None


def reason_in(body: bytes, secrets: Sequence[str]) -> str:
    """`: code: words`, in one line. OAuth's error is a word with a description, Google's and Azure's APIs' an object."""
    said = loaded(body) or {}
    error = said.get("error")
    inner = error if isinstance(error, dict) else {}
    words = [inner.get("status") or inner.get("code") or error, inner.get("message") or said.get("error_description")]
    reason = ": ".join([" ".join(str(word).split()) for word in words if isinstance(word, str | int)])
    for value in secrets:
        if len(value) >= SHORTEST_SECRET:
            reason = reason.replace(value, "[...]")
    shown = "".join(sign if sign.isprintable() else "?" for sign in reason)
    return f" ({shown[:LONGEST_REASON]})" if shown else ""


def loaded(body: bytes | str) -> Json | None:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None


async def text_in(path: str, read_file: ReadFile, what: str) -> str:
    """A file's text without white space around it, read off the loop. Unavailable where it cannot be had, or is empty."""
    try:
        text = (await asyncio.to_thread(read_file, path)).strip()
    except (OSError, ValueError) as error:
        raise Unavailable(f"{what} {path} cannot be read ({type(error).__name__})", lasting=True) from None
    if not text:
        raise Unavailable(f"{what} {path} is empty")
    return text


def safe(url: str, what: str) -> str:
    """An address that secrets are sent to: TLS, or this machine. Unavailable for any other."""
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.host and (parsed.scheme == "https" or (parsed.scheme == "http" and is_here(parsed.host))):
        return url
    raise Unavailable(f"{what} must be an https address", lasting=True)


def is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
