"""Each kind of file that Google's tools write, exchanged for a token; Google's own library asks the same questions."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.auth import identity_pool
from google.oauth2 import credentials as oauth2

from proxy.call import Json
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.google_files import JWT_BEARER, SCOPE, GoogleFiles
from tests.upstream.credentials.token_server import NOW, Answered, Files, Question, TokenServer, holds_no_secret

KEY = generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
ACT = "/v1/projects/-/serviceAccounts/me@x.iam.gserviceaccount.com:generateAccessToken"
GIVEN = Answered(200, {"access_token": "ya29.canary", "expires_in": 3599})
Fetch = Callable[[Json], Awaitable[Token[str]]]


@pytest.fixture
def fetch(server: TokenServer, asker: Asker, files: Files) -> Fetch:
    server.answers["/token"] = GIVEN
    files.write("/var/token", "canary-subject\n")
    return GoogleFiles(asker, lambda: NOW, files).fetch


@pytest.fixture
def kinds(server: TokenServer) -> dict[str, Json]:
    client = {"client_id": "me", "client_secret": "canary-secret"}
    user = {"type": "authorized_user", **client, "refresh_token": "canary-refresh", "token_uri": server.url("/token")}
    return {
        "key": {
            "type": "service_account",
            "client_email": "me@x.iam.gserviceaccount.com",
            "private_key_id": "k1",
            "private_key": PEM,
            "token_uri": server.url("/token"),
        },
        "user": user,
        "external": {
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": server.url("/token"),
            "credential_source": {"file": "/var/token"},
        },
        "role": {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": server.url(ACT),
            "delegates": ["one@x.iam.gserviceaccount.com"],
            "source_credentials": user,
        },
    }


async def test_a_service_account_states_who_it_is_and_signs(
    fetch: Fetch, server: TokenServer, kinds: dict[str, Json]
) -> None:
    assert await fetch(kinds["key"]) == Token("ya29.canary", NOW + 3599)
    form = server.asked[0].form
    assert (sorted(form), form["grant_type"]) == (["assertion", "grant_type"], JWT_BEARER)
    signed, _, signature = form["assertion"].rpartition(".")
    KEY.public_key().verify(urlsafe_b64decode(signature + "=="), signed.encode(), PKCS1v15(), SHA256())
    header, claims = [orjson.loads(urlsafe_b64decode(part + "==")) for part in signed.split(".")]
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert claims == {
        "iss": "me@x.iam.gserviceaccount.com",
        "scope": SCOPE,
        "aud": server.url("/token"),
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
    }


async def test_a_person_shows_the_refresh_token(fetch: Fetch, server: TokenServer, kinds: dict[str, Json]) -> None:
    assert await fetch(kinds["user"]) == Token("ya29.canary", NOW + 3599)
    assert server.asked[0].form == {
        "grant_type": "refresh_token",
        "client_id": "me",
        "client_secret": "canary-secret",
        "refresh_token": "canary-refresh",
    }


async def test_a_foreign_token_is_exchanged(fetch: Fetch, server: TokenServer, kinds: dict[str, Json]) -> None:
    assert await fetch(kinds["external"]) == Token("ya29.canary", NOW + 3599)
    form = server.asked[0].form
    assert (form["audience"], form["subject_token"], form["scope"]) == (AUDIENCE, "canary-subject", SCOPE)
    assert "authorization" not in server.asked[0].headers


async def test_a_client_s_name_goes_beside_and_a_workforce_s_project_inside(
    fetch: Fetch, server: TokenServer, kinds: dict[str, Json]
) -> None:
    await fetch({**kinds["external"], "client_id": "me", "client_secret": "canary-secret"})
    assert server.asked[0].headers["authorization"] == "Basic bWU6Y2FuYXJ5LXNlY3JldA=="
    await fetch({**kinds["external"], "workforce_pool_user_project": "5"})
    assert orjson.loads(server.asked[1].form["options"]) == {"userProject": "5"}


@pytest.mark.parametrize(("kind", "life"), [("external", 1800), ("role", 3600)])
async def test_whoever_may_acts_as_a_service_account(
    fetch: Fetch, server: TokenServer, kinds: dict[str, Json], kind: str, life: int
) -> None:
    server.answers[ACT] = Answered(200, {"accessToken": "ya29.other", "expireTime": "2027-01-15T08:30:00Z"})
    acts = {"service_account_impersonation_url": server.url(ACT)}
    shorter = {"service_account_impersonation": {"token_lifetime_seconds": 1800}} if kind == "external" else {}
    assert await fetch({**kinds[kind], **acts, **shorter}) == Token("ya29.other", NOW + 1800)
    asked = server.asked[-1]
    delegates = {"delegates": ["one@x.iam.gserviceaccount.com"]} if kind == "role" else {}
    assert asked.headers["authorization"] == "Bearer ya29.canary"
    assert orjson.loads(asked.body) == {"scope": [SCOPE], "lifetime": f"{life}s", **delegates}


class Said:
    """What Google's own library asks, and an answer to it. Without a status of its own it is a good one."""

    status = 200
    data = b'{"access_token":"t","expires_in":60}'

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, url: str, method: str, headers: Any, body: bytes, **_: Any) -> Said:
        self.asked.append((url, dict(parse_qsl(body.decode()))))
        return self


THEIRS: dict[str, Any] = {"user": oauth2.Credentials, "external": identity_pool.Credentials}


@pytest.mark.parametrize(("kind", "said"), [("user", {}), ("external", {"scopes": [SCOPE]})])
async def test_google_s_own_library_asks_the_same(
    fetch: Fetch, server: TokenServer, kinds: dict[str, Json], kind: str, said: Json, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("canary-subject")
    source = {"credential_source": {"file": str(tmp_path / "token")}} if kind == "external" else {}
    theirs = Said()
    if kind == "external":
        THEIRS[kind].from_info({**kinds[kind], **source}, **said).refresh(theirs)
    else:
        fields = {name: kinds[kind][name] for name in ("client_id", "client_secret", "refresh_token", "token_uri")}
        THEIRS[kind](token=None, **fields).refresh(theirs)
    await fetch(kinds[kind])
    assert [(server.url(asked.path), asked.form) for asked in server.asked] == theirs.asked


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("key", {"client_email": None}, "client_email is missing"),
        ("key", {"private_key": "canary-secret"}, "private_key is no RSA key"),
        ("key", {"private_key": 5}, "private_key must be a text"),
        ("key", {"token_uri": "http://evil.example/token"}, "token_uri must be an https address"),
        ("user", {"refresh_token": ""}, "refresh_token is missing"),
        ("external", {"audience": None}, "audience is missing"),
        ("external", {"credential_source": {"file": "/none"}}, "/none cannot be read"),
        ("external", {"service_account_impersonation_url": "http://x/"}, "service_account_impersonation_url must be"),
        ("role", {"source_credentials": "x"}, "source_credentials must be other credentials"),
        ("role", {"source_credentials": {"type": "impersonated_service_account"}}, "must be other credentials"),
    ],
)
async def test_what_is_wrong_in_a_file_is_told_by_its_field(
    fetch: Fetch, kinds: dict[str, Json], kind: str, change: Json, reason: str
) -> None:
    with pytest.raises(Unavailable, match=reason) as raised:
        await fetch({**kinds[kind], **change})
    assert holds_no_secret(str(raised.value))


def echo(asked: Question) -> Answered:
    """A server that repeats all it was told, and refuses."""
    words = f"{' '.join(asked.form.values())} {asked.headers.get('authorization', '')}"
    return Answered(400, {"error": "invalid_grant", "error_description": words})


@pytest.mark.parametrize("kind", ["key", "user", "external", "role"])
async def test_a_refusal_tells_why_and_no_secret(
    fetch: Fetch, server: TokenServer, kinds: dict[str, Json], kind: str
) -> None:
    server.answers["/token"] = echo
    with pytest.raises(Unavailable, match=r"answered 400 \(invalid_grant: ") as raised:
        await fetch(kinds[kind])
    assert raised.value.lasting
    assert holds_no_secret(str(raised.value))
    [signature] = [asked.form["assertion"][-40:] for asked in server.asked if "assertion" in asked.form] or ["?"]
    assert signature not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            Answered(403, {"error": {"status": "PERMISSION_DENIED", "message": "not ya29.canary"}}),
            r"PERMISSION_DENIED: not \[...\]",
        ),
        (Answered(200, {"expireTime": "x"}), "without a usable accessToken"),
    ],
)
async def test_one_who_may_not_act_is_told_so(
    fetch: Fetch, server: TokenServer, kinds: dict[str, Json], answer: Answered, reason: str
) -> None:
    server.answers[ACT] = answer
    with pytest.raises(Unavailable, match=reason) as raised:
        await fetch(kinds["role"])
    assert holds_no_secret(str(raised.value))
