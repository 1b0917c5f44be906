"""The files that Google's tools write, each a way to a token: a service account's key, a person's, another's identity, a role.

Sources: https://google.aip.dev/auth/4112 (service account), https://google.aip.dev/auth/4113 (authorized user),
https://google.aip.dev/auth/4117 (external account), https://cloud.google.com/iam/docs/reference/credentials/rest (to act as
a service account). The tokens that are exchanged for Google's are got in google_subject.py.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import orjson

from proxy.call import Json
from proxy.signing.assertion import assertion
from proxy.upstream.credentials.ask import Asker, host_of
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.google_subject import subject_token
from proxy.upstream.credentials.grant import ReadFile, granted, header_value, moment, patiently, safe, said_in
from proxy.upstream.credentials.rs256 import rs256

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_URI = "https://oauth2.googleapis.com/token"
STS = "https://sts.googleapis.com/v1/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
#: Seconds that a token is asked to hold, which is the most there is without a policy of the organisation's.
LIFE = 3600


class GoogleFiles:
    """`fetch` gets the token that a file's content leads to. Unavailable names the field that is wrong, and no value."""

    def __init__(self, asker: Asker, wall: Callable[[], float], read_file: ReadFile) -> None:
        self.asker = asker
        self.wall = wall
        self.read_file = read_file
        self._ways: Mapping[str, Callable[[Json], Awaitable[Token[str]]]] = {
            "service_account": self._by_key,
            "authorized_user": self._by_refresh,
            "external_account": self._by_exchange,
            "impersonated_service_account": self._by_role,
        }

    async def fetch(self, credentials: Json) -> Token[str]:
        kind = credentials.get("type")
        way = self._ways.get(kind) if isinstance(kind, str) else None
        if way is None:
            raise Unavailable(f"type must be one of {', '.join(self._ways)}", lasting=True)
        return await way(credentials)

    async def _by_key(self, said: Json) -> Token[str]:
        """A service account's key, by RFC 7523: https://developers.google.com/identity/protocols/oauth2/service-account."""
        url = safe(text(said, "token_uri", TOKEN_URI), "token_uri")
        now = int(self.wall())
        claims = {"iss": text(said, "client_email"), "scope": SCOPE, "aud": url, "iat": now, "exp": now + LIFE}
        key_id = {"kid": text(said, "private_key_id")} if said.get("private_key_id") else {}
        header = {"alg": "RS256", "typ": "JWT", **key_id}
        stated = await asyncio.to_thread(partial(state, claims, header, text(said, "private_key")))
        return await granted(self.asker, url, {"grant_type": JWT_BEARER, "assertion": stated}, self.wall)

    async def _by_refresh(self, said: Json) -> Token[str]:
        """RFC 6749, section 6."""
        form = {name: text(said, name) for name in ("client_id", "client_secret", "refresh_token")}
        url = safe(text(said, "token_uri", TOKEN_URI), "token_uri")
        return await granted(self.asker, url, {"grant_type": "refresh_token", **form}, self.wall)

    async def _by_exchange(self, said: Json) -> Token[str]:
        """A token of somebody else's for one of Google's, RFC 8693; with it, where asked for, one of a service account."""
        form = {
            "grant_type": EXCHANGE,
            "audience": text(said, "audience"),
            "scope": SCOPE,
            "requested_token_type": ACCESS_TOKEN,
            "subject_token_type": text(said, "subject_token_type"),
        }
        url = safe(text(said, "token_url", STS), "token_url")
        form["subject_token"] = await subject_token(said.get("credential_source"), self.asker, self.read_file)
        if said.get("workforce_pool_user_project") and not said.get("client_id"):
            form["options"] = orjson.dumps({"userProject": text(said, "workforce_pool_user_project")}).decode()
        token = await granted(self.asker, url, form, self.wall, **client_header(said))
        acts_as = said.get("service_account_impersonation_url") is not None
        return await self._as_account(said, token.value) if acts_as else token

    async def _by_role(self, said: Json) -> Token[str]:
        source = said.get("source_credentials")
        if not isinstance(source, dict) or source.get("type") == "impersonated_service_account":
            raise Unavailable("source_credentials must be other credentials", lasting=True)
        return await self._as_account(said, (await self.fetch(source)).value)

    async def _as_account(self, said: Json, token: str) -> Token[str]:
        """projects.serviceAccounts.generateAccessToken, below the page named above."""
        url = safe(text(said, "service_account_impersonation_url"), "service_account_impersonation_url")
        wanted = said.get("service_account_impersonation")
        life = wanted.get("token_lifetime_seconds") if isinstance(wanted, dict) else None
        body: Json = {"scope": [SCOPE], "lifetime": f"{life if isinstance(life, int) else LIFE}s"}
        body |= {"delegates": said["delegates"]} if said.get("delegates") else {}
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        asked = partial(self.asker.ask, "POST", url, headers=headers, body=orjson.dumps(body))
        answer = await patiently(asked)
        given = said_in(answer, host_of(url), [token])
        value = header_value(given.get("accessToken"))
        if value is None:
            raise Unavailable(f"{host_of(url)} answered without a usable accessToken")
        return Token(value, moment(given.get("expireTime")))


def state(claims: Json, header: Json, private_key: str) -> str:
    return assertion(claims, rs256(private_key), header)


def client_header(said: Json) -> dict[str, str]:
    """RFC 6749, section 2.3.1, where the file has a client's name and secret."""
    if not said.get("client_id"):
        return {}
    pair = f"{text(said, 'client_id')}:{text(said, 'client_secret', '')}"
    return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def text(said: Json, name: str, default: str | None = None) -> str:
    value: Any = said.get(name) or default
    if isinstance(value, str):
        return value
    raise Unavailable(f"{name} must be a text" if value is not None else f"{name} is missing", lasting=True)
