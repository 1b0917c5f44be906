"""Where Application Default Credentials are looked for: the order, what is passed over, and what is said of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import pytest

from proxy.upstream.credentials import google
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.google import google_source
from proxy.upstream.credentials.google_files import SCOPE
from tests.upstream.credentials.token_server import NOW, Answered, Files, TokenServer, holds_no_secret

TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
FLAVOR = {"Metadata-Flavor": "Google"}
Fetch = Callable[..., Awaitable[Token[str]]]
User = Callable[[str], dict[str, str]]


@pytest.fixture
def user(server: TokenServer) -> User:
    """A person's credentials, whose token tells whose they are."""
    server.answers["/token"] = lambda asked: Answered(
        200, {"access_token": f"of-{asked.form['client_id']}", "expires_in": 3599, "token_type": "Bearer"}
    )
    return lambda name: {
        "type": "authorized_user",
        "client_id": name,
        "client_secret": "canary-secret",
        "refresh_token": "canary-refresh",
        "token_uri": server.url("/token"),
    }


@pytest.fixture
def fetch(server: TokenServer, asker: Asker, files: Files) -> Fetch:
    async def fetch(environ: Mapping[str, str] | None = None, **options: str) -> Token[str]:
        said = {"GCE_METADATA_HOST": server.host, **(environ or {})}
        return await google_source(said, options, asker, lambda: NOW, files)()

    return fetch


async def test_the_order_is_that_of_application_default_credentials(
    fetch: Fetch, server: TokenServer, files: Files, user: User
) -> None:
    server.answers[TOKEN_PATH] = Answered(200, {"access_token": "of-metadata", "expires_in": 3599}, FLAVOR)
    environ = {"HOME": "/home/me"}
    found = [await fetch(), await fetch(environ)]
    files.write("/home/me/.config/gcloud/application_default_credentials.json", user("home"))
    found.append(await fetch(environ))
    environ["CLOUDSDK_CONFIG"] = "/gcloud"
    files.write("/gcloud/application_default_credentials.json", user("gcloud"))
    found.append(await fetch(environ))
    environ["GOOGLE_APPLICATION_CREDENTIALS"] = files.write("/adc.json", user("variable"))
    found.append(await fetch(environ))
    found.append(await fetch(environ, credentials_file=files.write("/own.json", user("option"))))
    owners = ["metadata", "metadata", "home", "gcloud", "variable", "option"]
    assert found == [Token(f"of-{owner}", NOW + 3599) for owner in owners]


async def test_the_metadata_server_is_asked_as_it_wants_to_be(fetch: Fetch, server: TokenServer) -> None:
    server.answers[TOKEN_PATH] = Answered(200, {"access_token": "t", "expires_in": 100}, FLAVOR)
    await fetch()
    asked = server.asked[0]
    assert (asked.method, asked.query, asked.headers["metadata-flavor"]) == ("GET", {"scopes": SCOPE}, "Google")


async def test_the_older_name_of_its_variable_holds_and_no_proxy_is_used(
    asker: Asker, server: TokenServer, files: Files, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_tcp_port}")
    server.answers[TOKEN_PATH] = Answered(200, {"access_token": "t"}, FLAVOR)
    source = google_source({"GCE_METADATA_ROOT": server.host}, {}, asker, lambda: NOW, files)
    assert await source() == Token("t", None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answered(200, {"access_token": "t", "expires_in": 1}), "is not Google's metadata server"),
        (Answered(404, b"Not found", FLAVOR), "knows of no service account: none is attached to this workload"),
        (Answered(503, b"later", FLAVOR), "answered 503"),
        (
            Answered(403, {"error": {"status": "PERMISSION_DENIED", "message": "no"}}, FLAVOR),
            "403 .PERMISSION_DENIED: no",
        ),
        (Answered(200, b"<html>", FLAVOR), "no JSON object"),
        (Answered(302, b"", {**FLAVOR, "location": "http://elsewhere/"}), "answered 302"),
    ],
)
async def test_a_metadata_server_that_is_none_or_refuses(
    fetch: Fetch, server: TokenServer, answer: Answered, reason: str
) -> None:
    server.answers[TOKEN_PATH] = answer
    with pytest.raises(Unavailable, match=reason):
        await fetch()


async def test_one_that_is_silent_costs_a_moment_and_the_reason_names_every_way(
    asker: Asker, files: Files, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr(google, "PATIENCE", 0.5)
    environ = {"GCE_METADATA_HOST": f"127.0.0.1:{unused_tcp_port}", "HOME": "/home/me"}
    with pytest.raises(Unavailable) as raised:
        await google_source(environ, {}, asker, lambda: NOW, files)()
    assert str(raised.value) == (
        "GOOGLE_APPLICATION_CREDENTIALS is not set and there is no option credentials_file; there is no "
        "/home/me/.config/gcloud/application_default_credentials.json (gcloud auth application-default login makes it); "
        f"no metadata server: 127.0.0.1:{unused_tcp_port} cannot be asked (ClientConnectorError)"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            None,
            r"the credentials file \(GOOGLE_APPLICATION_CREDENTIALS\) /adc.json cannot be read \(FileNotFoundError\)",
        ),
        ("", "is empty"),
        ("canary-secret", r"/adc.json \(GOOGLE_APPLICATION_CREDENTIALS\) holds no JSON object"),
        ("[]", "holds no JSON object"),
        ({"type": "gdch_service_account"}, "type must be one of service_account, authorized_user, external_account"),
        ({"type": ["canary-secret"]}, "type must be one of"),
    ],
)
async def test_a_file_that_was_named_is_never_passed_over(
    fetch: Fetch, server: TokenServer, files: Files, content: object, reason: str
) -> None:
    server.answers[TOKEN_PATH] = Answered(200, {"access_token": "of-metadata"}, FLAVOR)
    if content is not None:
        files.write("/adc.json", content)
    with pytest.raises(Unavailable, match=reason) as raised:
        await fetch({"GOOGLE_APPLICATION_CREDENTIALS": "/adc.json"})
    assert holds_no_secret(str(raised.value))
    assert server.asked == []


async def test_a_file_that_is_replaced_is_read_anew(fetch: Fetch, files: Files, user: User) -> None:
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": files.write("/adc.json", user("old"))}
    assert (await fetch(environ)).value == "of-old"
    files.write("/adc.json", user("new"))
    assert (await fetch(environ)).value == "of-new"
