"""What a workload on AWS has around it, as its sources of credentials see it: environment, files, network and clock.

It knows how keys are written by those who hand them out, and what keys look like; from whom they are had is told elsewhere.
Variables: https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials.ask import Answer, Asker
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.grant import ReadFile

#: Seconds before each further attempt where the other side says that it is its own trouble and will pass.
PAUSES = (0.1, 0.4)
#: How much of another's words is repeated.
LONGEST = 200
#: What is shorter would take ordinary words out.
SHORTEST = 4
#: What may stand in a header, and nothing blank.
PRINTABLE = re.compile(r"[!-~]+")


class Workload(NamedTuple):
    """`options` are those of the endpoint: region, profile, role_arn, external_id, session_name.

    wall:      seconds since the epoch.
    read_file: blocks, and is called off the loop.
    """

    environ: Mapping[str, str]
    options: Mapping[str, str]
    asker: Asker
    wall: Callable[[], float]
    read_file: ReadFile

    def told(self, variable: str) -> str:
        return self.environ.get(variable, "").strip()

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        seconds: float = 5.0,
        proxied: bool = False,
        passes: Callable[[Answer], bool] = lambda answer: False,
    ) -> Answer:
        """The answer; asked again where it says 429, 5xx or what `passes`."""
        for pause in (*PAUSES, None):
            answer = await self.asker.ask(method, url, headers=headers, body=body, seconds=seconds, proxied=proxied)
            if pause is None or not (answer.status == 429 or answer.status >= 500 or passes(answer)):
                break
            await asyncio.sleep(pause)
        return answer


async def from_environment(workload: Workload) -> Token[AwsKeys] | None:
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html.

    AWS_CREDENTIAL_EXPIRATION is what `aws configure export-credentials` writes beside them.
    """
    access, secret = workload.told("AWS_ACCESS_KEY_ID"), workload.told("AWS_SECRET_ACCESS_KEY")
    if not access and not secret:
        return None
    if not access or not secret:
        missing = "AWS_SECRET_ACCESS_KEY" if access else "AWS_ACCESS_KEY_ID"
        raise Unavailable(f"{missing} is not set, but its counterpart is", lasting=True)
    expires = workload.told("AWS_CREDENTIAL_EXPIRATION")
    keys = AwsKeys(access, secret, workload.told("AWS_SESSION_TOKEN") or None)
    return checked(Token(keys, moment(expires) if expires else None), workload.wall())


class Given(msgspec.Struct, rename="pascal"):
    """Keys as metadata servers write them."""

    access_key_id: str = ""
    secret_access_key: str = ""
    token: str | None = None
    expiration: str | None = None
    code: str = "Success"
    message: str = ""


def read_keys(body: bytes, now: float, what: str) -> Token[AwsKeys]:
    """From JSON. Unavailable names `what`, and repeats nothing of a body that may hold half a secret."""
    try:
        given = msgspec.json.decode(body, type=Given)
    except (msgspec.DecodeError, UnicodeError):
        raise Unavailable(f"{what} did not answer with keys in JSON") from None
    if given.code != "Success":
        raise Unavailable(f"{what} gave no keys: {given.code[:LONGEST]}", lasting=True)
    if not given.access_key_id or not given.secret_access_key:
        raise Unavailable(f"{what} answered without AccessKeyId or SecretAccessKey")
    expires = moment(given.expiration) if given.expiration else None
    return checked(Token(AwsKeys(given.access_key_id, given.secret_access_key, given.token or None), expires), now)


def checked(token: Token[AwsKeys], now: float) -> Token[AwsKeys]:
    """`token`, if its keys can be sent and are not over yet."""
    if not all(PRINTABLE.fullmatch(part) for part in token.value if part is not None):
        raise Unavailable("the keys hold a character that no key has", lasting=True)
    if token.expires is not None and token.expires <= now:
        ended = datetime.fromtimestamp(token.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        raise Unavailable(f"the keys expired at {ended}, unless the clock here is wrong")
    return token


def moment(text: str) -> float:
    """Seconds since the epoch, of ISO 8601; UTC where it does not say."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Unavailable("the time of expiry is not a time of ISO 8601") from None


def excerpt(text: str, *secrets: str | None) -> str:
    """The first line of another's words, for a person, without what was sent to it."""
    for secret in secrets:
        if secret and len(secret) >= SHORTEST:
            text = text.replace(secret, "[redacted]")
    line = next((line for line in text.splitlines() if line.strip()), "").strip()
    return "".join(letter for letter in line if letter.isprintable())[:LONGEST]
