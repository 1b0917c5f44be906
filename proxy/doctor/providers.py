"""Whether each provider can be reached and takes its key, by what it answers for nothing, and never by a completion.

A provider that is off is told with what would turn it on. A key is known by where it came from, and never shown.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from yarl import URL

from proxy.call import Failure
from proxy.doctor.clock import offset_of
from proxy.doctor.finding import FAILED, OK, SKIPPED, WARNING, Finding, State
from proxy.doctor.way import way_to
from proxy.providers import Endpoint
from proxy.upstream.credentials.ask import Answer, Asker
from proxy.upstream.credentials.fresh import Unavailable
from proxy.upstream.credentials.signs import KeyRing, Signs
from proxy.upstream.question import ask_provider, url_of
from proxy.upstream.road import Road


class Verdict(NamedTuple):
    state: State
    told: str
    advice: str


REFUSED = "the key may be mistyped, revoked, or of another account: {key}"
FORBIDDEN = "the key may lack a permission, or this network or country may be shut out: {key}"
PLACE = "base_url is probably wrong: {url} is where the list of models was looked for"
THEIRS = "it is the provider's own trouble: look at its status page, and let a fallback stand in"
#: Status -> what it says; others by their hundreds.
VERDICTS: Mapping[int, Verdict] = {
    401: Verdict(FAILED, "the key was refused", REFUSED),
    403: Verdict(FAILED, "the key was refused", FORBIDDEN),
    404: Verdict(WARNING, "it is there, and knows no such path", PLACE),
    407: Verdict(FAILED, "the proxy on the way wants to know who asks", "put user and password into HTTPS_PROXY"),
    429: Verdict(WARNING, "the key is known, and has asked too much", "wait, or ask the provider for a higher limit"),
}
BY_HUNDREDS: Mapping[int, Verdict] = {
    2: Verdict(OK, "accepted", ""),
    3: Verdict(WARNING, "it sends elsewhere", PLACE),
    4: Verdict(WARNING, "it is there, and did not like the question", PLACE),
    5: Verdict(FAILED, "it answers with an error of its own", THEIRS),
}
UNANSWERED = "the connection stands, and no answer came: try again, and look at the provider's status page"
IDENTITY = "`outrider check` shows where credentials are looked for"
#: Credentials of a cloud are asked of one after the other, and take so many times as long as one question.
AT_MOST = 3
KEYLESS = "no key"
NO_KEY_NEEDED = Verdict(OK, "none is needed", "")
KEY_MISSING = Verdict(FAILED, "it wants a key, and none is configured", "set {ways}")
UNASKED = "this kind of provider has no question that costs nothing: the first call will tell"


class Checked(NamedTuple):
    """`offset`: seconds by which the clock here is ahead of the provider's; None where it did not tell."""

    findings: list[Finding]
    offset: float | None = None


async def check_provider(road: Road, asker: Asker, seconds: float) -> Checked:
    """`seconds` are for each step."""
    name = road.endpoint.name
    way = await way_to(name, URL(road.endpoint.base_url).origin(), seconds)
    if not way.passed:
        return Checked(way.findings)
    findings, offset = list(way.findings), None
    async for finding, seen in asked(road, asker, seconds):
        findings.append(finding)
        offset = seen if seen is not None else offset
    return Checked(findings, offset)


async def asked(road: Road, asker: Asker, seconds: float) -> AsyncIterator[tuple[Finding, float | None]]:
    """Each key by itself, or the cloud's credentials, or whether it answers at all."""
    endpoint = road.endpoint
    path = endpoint.provider.probe or endpoint.provider.paths.get("models")
    if path is None:
        url = URL(f"{URL(endpoint.base_url).origin()}/")
        yield await question(road, url, asker, seconds, "")
        if road.signs is not None and not isinstance(road.signs, KeyRing):
            yield await identity(endpoint.name, road.signs, seconds), None
        return
    url = url_of(endpoint, path)
    for each, key in with_each_key(road):
        yield await question(each, url, asker, seconds, key)


def with_each_key(road: Road) -> list[tuple[Road, str]]:
    """The road as it is with each of its keys alone, and what to call that key."""
    endpoint, origins = road.endpoint, road.endpoint.origins
    if not isinstance(road.signs, KeyRing):
        cloud = "the credentials of the cloud" if road.signs is not None else KEYLESS
        return [(road, f"it came from {origins[0]}" if origins else cloud)]
    alone = [replace(endpoint, key=key, keys=(), origins=()) for key in endpoint.keys]
    return [
        (Road(each, road.pool, road.timeouts), f"number {at + 1}, it came from {origin}")
        for at, (each, origin) in enumerate(zip(alone, origins, strict=True))
    ]


async def identity(name: str, signs: Signs, seconds: float) -> Finding:
    """Whether there are credentials of the cloud; what they may do, the first call will tell."""
    try:
        async with asyncio.timeout(seconds * AT_MOST):
            await signs.ready()
    except Failure as failure:
        return Finding(name, "credentials", FAILED, failure.detail, IDENTITY)
    except TimeoutError:
        return Finding(name, "credentials", FAILED, f"none came within {seconds * AT_MOST:g} s", IDENTITY)
    return Finding(name, "credentials", OK, "they were had")


async def question(road: Road, url: URL, asker: Asker, seconds: float, key: str) -> tuple[Finding, float | None]:
    """`key` is what to call the key, "" where none is shown to anybody."""
    name, check = road.endpoint.name, "key" if key else "answer"
    began, wall = time.monotonic(), time.time()
    try:
        if key:
            async with asyncio.timeout(seconds * AT_MOST):
                answer = await ask_provider(road, url, asker, wall, seconds)
        else:
            answer = await asker.ask("HEAD", str(url), seconds=seconds)
    except Unavailable as trouble:
        return Finding(name, check, FAILED, str(trouble), UNANSWERED), None
    except Failure as failure:
        return Finding(name, "credentials", FAILED, failure.detail, IDENTITY), None
    except TimeoutError:
        return Finding(name, "credentials", FAILED, f"none came within {seconds * AT_MOST:g} s", IDENTITY), None
    spent = time.monotonic() - began
    offset = offset_of(answer.headers, wall, wall + spent)
    return (key_finding(road.endpoint, url, answer, spent, key) if key else bare_finding(name, answer)), offset


def key_finding(endpoint: Endpoint, url: URL, answer: Answer, spent: float, key: str) -> Finding:
    found = VERDICTS.get(answer.status) or BY_HUNDREDS.get(answer.status // 100, BY_HUNDREDS[4])
    if key == KEYLESS and (answer.status in (401, 403) or found.state == OK):
        found = NO_KEY_NEEDED if found.state == OK else KEY_MISSING
    shown = url.with_query(None).with_fragment(None).human_repr()
    told = f"{found.told}: GET {shown} answered {answer.status} in {spent * 1000:.0f} ms"
    ways = " or ".join([*endpoint.provider.key_env, f"providers.{endpoint.name}.api_key"])
    return Finding(endpoint.name, "key", found.state, told, found.advice.format(key=key, url=shown, ways=ways))


def bare_finding(name: str, answer: Answer) -> Finding:
    if answer.status >= 500:
        return Finding(name, "answer", FAILED, f"it answers {answer.status}", THEIRS)
    return Finding(name, "key", SKIPPED, f"it answers; {UNASKED}")


def off_finding(name: str, why: str) -> Finding:
    """A provider that somebody wrote down, or asks for, and that is off is most likely a mistake."""
    return Finding(name, "configuration", WARNING, "it is off", why)
