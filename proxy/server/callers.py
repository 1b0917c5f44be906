"""Who may call, by bearer token: a directory, such as a mounted Secret, where each file has a caller's name and holds its token.

Tokens are looked up by a keyed hash (BLAKE2b), so that how long a refusal takes tells nothing of them. An empty or missing
directory lets nobody in. What a caller may then do is not known here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from proxy.call import Failure
from proxy.server.looking import Looking

#: Where the official SDKs put a key: OpenAI's and most others', Anthropic's, Azure's, Google's.
CREDENTIALS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
#: RFC 6750, section 2.1; the scheme's case does not count (RFC 9110, section 11.1).
BEARER = "bearer "
CHALLENGE = ("www-authenticate", 'Bearer realm="outrider"')
#: What a key of a Secret may be called (Kubernetes: Secret, `data`); what begins with a dot is kubelet's own.
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
#: RFC 6750, section 2.1: `b64token`. Hidden in the log it takes two spellings at most, of a thousand that all secrets share.
TOKEN = re.compile(r"(?=.{16,4096}\Z)[A-Za-z0-9._~+/-]+=*")
WANTED = "16 to 4096 letters, digits, `-`, `.`, `_`, `~`, `+`, `/`, and `=` at the end"
LARGEST = 64 << 10
MOST_CALLERS = 256
MOST_TOKENS = 256
#: A directory that changes while it is read is read again.
TRIES = 5
log = logging.getLogger(__name__)

Digest = Callable[[str], bytes]


class Listing(NamedTuple):
    """What a directory holds: tokens with their callers' names, and in words what is wrong with the rest."""

    names: Mapping[str, str]
    faults: tuple[str, ...]


class Callers:
    """`name_of` those who show a token; `look` at the directory, `start` to do so every second, `close` to end that.

    hide, forget: take each token, which is then no longer shown anywhere, or may be again.
    """

    def __init__(self, directory: Path, hide: Callable[[str], None], forget: Callable[[str], None]) -> None:
        self.directory = directory
        self.faults: tuple[str, ...] = ()
        self.names: frozenset[str] = frozenset()
        self._hide = hide
        self._forget = forget
        self._tokens: frozenset[str] = frozenset()
        self._by_digest: Mapping[bytes, str] = {}
        self._digest = keyed(os.urandom(32))
        self._looking = Looking(lambda: stamp_of(directory), self._read)
        self.look, self.start, self.close = self._looking.look, self._looking.start, self._looking.close

    def name_of(self, headers: Mapping[str, str]) -> str:
        """The name of whoever has sent one of the tokens, in any of CREDENTIALS. Failure("unauthenticated")."""
        shown = [token for name in CREDENTIALS if (token := credential(name, headers)) is not None]
        for token in shown:
            name = self._by_digest.get(self._digest(token))
            if name is not None:
                return name
        raise unauthenticated(shown, bool(self._by_digest))

    async def _read(self) -> None:
        listing = await asyncio.to_thread(settled, self.directory)
        tokens = frozenset(listing.names)
        for token in tokens - self._tokens:
            self._hide(token)
        for token in self._tokens - tokens:
            self._forget(token)
        self._tokens = tokens
        self._by_digest = {self._digest(token): name for token, name in listing.names.items()}
        self.names, self.faults = frozenset(listing.names.values()), listing.faults
        said = {"directory": str(self.directory), "callers": len(self.names), "faults": self.faults}
        log.log(logging.WARNING if self.faults else logging.INFO, "callers' tokens were read", extra=said)


def keyed(key: bytes) -> Digest:
    return lambda token: blake2b(token.encode("utf-8", "surrogateescape"), digest_size=32, key=key).digest()


def credential(name: str, headers: Mapping[str, str]) -> str | None:
    """What a header shows as a token; None where it does not."""
    value = headers.get(name)
    if value is None or name != "authorization":
        return value
    return value[len(BEARER) :].strip() if value[: len(BEARER)].lower() == BEARER else None


def unauthenticated(shown: list[str], known: bool) -> Failure:
    if not known:
        detail = "nobody is let in, for no token is set up here: the log of the proxy says why"
    elif shown:
        detail = "the token is not one of those that are let in"
    else:
        detail = "a token is needed: as `Authorization: Bearer`, or in x-api-key, api-key or x-goog-api-key"
    failure = Failure("unauthenticated", detail, code="unknown_token" if shown and known else None)
    failure.headers = [CHALLENGE]
    return failure


# ---- the directory


def stamp_of(directory: Path) -> object:
    """What differs once it holds something else. Kubelet swaps the link `..data` of what it mounts, all at once."""
    with suppress(OSError):
        return os.readlink(directory / "..data")
    try:
        with os.scandir(directory) as entries:
            return sorted(map(stamp_in, islice(entries, MOST_CALLERS * 4)))
    except OSError as error:
        return error.errno


def stamp_in(entry: os.DirEntry[str]) -> tuple[str, int, int, int]:
    try:
        seen = entry.stat()
    except OSError as error:  # such as a link that leads nowhere
        return entry.name, error.errno or 0, 0, 0
    return entry.name, seen.st_ino, seen.st_size, seen.st_mtime_ns


def settled(directory: Path) -> Listing:
    """What it holds, read while nothing changed; after TRIES as it was read, and the next look reads it again."""
    for _ in range(TRIES):
        before = stamp_of(directory)
        listing = read_listing(directory)
        if stamp_of(directory) == before:
            break
    return listing


def read_listing(directory: Path) -> Listing:
    names: dict[str, str] = {}
    try:
        files = sorted(name for name in os.listdir(directory) if not name.startswith("."))
    except OSError as error:
        return Listing({}, (f"nobody is let in: {directory} cannot be read ({error.strerror})",))
    faults = [fault for name in files[:MOST_CALLERS] for fault in read_caller(directory / name, names)]
    if len(files) > MOST_CALLERS:
        faults.append(f"only the first {MOST_CALLERS} of {len(files)} files count, by name")
    if not names:
        faults.append(f"nobody is let in: {directory} holds no token")
    return Listing(names, tuple(faults))


def read_caller(path: Path, names: dict[str, str]) -> list[str]:
    """Add the tokens of one caller, one a line; what is wrong with the file, and never what it holds."""
    if not NAME.fullmatch(path.name):
        return [f"{path.name!r:.140} is no name of a caller: at most 128 letters, digits, `-`, `_` and `.`"]
    try:
        with path.open("rb") as file:
            lines = file.read(LARGEST).decode("latin-1").split("\n")
    except OSError as error:
        return [f"{path.name} cannot be read ({error.strerror})"]
    faults = []
    for number, token in [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]:
        if not TOKEN.fullmatch(token):
            faults.append(f"line {number} of {path.name} is no token: {WANTED}")
        elif names.get(token, path.name) != path.name:
            faults.append(f"line {number} of {path.name} is the token of {names[token]}, whose it stays")
        elif len(names) >= MOST_TOKENS:
            faults.append(f"line {number} of {path.name} is left out: there are {MOST_TOKENS} tokens before it")
        else:
            names[token] = path.name
    return faults or ([] if path.name in names.values() else [f"{path.name} holds no token"])
