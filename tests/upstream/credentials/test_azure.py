"""Microsoft Entra's ways to a token, against servers that behave like the login endpoint and the platforms' own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import pytest

from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.azure import ASSERTION_TYPE, azure_source, identity
from proxy.upstream.credentials.fresh import Token, Unavailable
from tests.upstream.credentials.token_server import NOW, Answered, Files, Question, TokenServer, holds_no_secret

SCOPE = "https://cognitiveservices.azure.com/.default"
RESOURCE = "https://cognitiveservices.azure.com"
LOGIN, IMDS, SITE = "/tenant/oauth2/v2.0/token", "/metadata/identity/oauth2/token", "/msi/token"
CLIENT = {"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client"}
SECRET = {**CLIENT, "AZURE_CLIENT_SECRET": "canary-secret"}
FEDERATED = {**CLIENT, "AZURE_FEDERATED_TOKEN_FILE": "/token"}
Fetch = Callable[..., Awaitable[Token[str]]]


@pytest.fixture
def fetch(server: TokenServer, asker: Asker, files: Files) -> Fetch:
    server.answers[LOGIN] = login
    server.answers[IMDS] = machine
    server.answers[SITE] = site
    files.write("/token", "canary-federated\n")

    async def fetch(environ: Mapping[str, str], **options: str) -> Token[str]:
        here = {"AZURE_AUTHORITY_HOST": server.url("/"), "AZURE_POD_IDENTITY_AUTHORITY_HOST": server.url("/")}
        return await azure_source({**here, **environ}, options, asker, lambda: NOW, files)()

    return fetch


def login(asked: Question) -> Answered:
    if asked.form.get("client_secret") == "canary-secret":
        return Answered(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "by-secret"})
    if asked.form.get("client_assertion") == "canary-federated":
        return Answered(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "by-federation"})
    words = f"AADSTS7000215: Invalid client secret provided: {asked.form}. Trace ID: 5"
    return Answered(401, {"error": "invalid_client", "error_description": words})


def machine(asked: Question) -> Answered:
    if asked.headers.get("metadata") != "true":
        return Answered(
            400, {"error": "invalid_request", "error_description": "Required metadata header not specified"}
        )
    return Answered(200, {"access_token": "by-machine", "expires_in": "3599", "expires_on": "1800003599"})


def site(asked: Question) -> Answered:
    if asked.headers.get("x-identity-header") != "canary-header":
        return Answered(401, {"error": {"code": "Unauthorized", "message": asked.headers["x-identity-header"]}})
    return Answered(200, {"access_token": "by-site", "expires_on": "1800003599", "resource": RESOURCE})


async def test_the_order_is_secret_workload_platform_machine(fetch: Fetch, server: TokenServer) -> None:
    at_site = {"IDENTITY_ENDPOINT": server.url(SITE), "IDENTITY_HEADER": "canary-header"}
    found = [
        await fetch({**SECRET, **FEDERATED, **at_site}),
        await fetch({**FEDERATED, **at_site}),
        await fetch({**CLIENT, **at_site}),
        await fetch(CLIENT),
    ]
    assert found == [Token(f"by-{way}", NOW + 3599) for way in ("secret", "federation", "site", "machine")]


async def test_a_secret_and_an_assertion_are_shown_in_the_client_s_name(fetch: Fetch, server: TokenServer) -> None:
    await fetch(SECRET)
    await fetch(FEDERATED)
    form = {"grant_type": "client_credentials", "client_id": "client", "scope": SCOPE}
    shown = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": "canary-federated"}
    assert [asked.form for asked in server.asked] == [{**form, "client_secret": "canary-secret"}, {**form, **shown}]
    assert {asked.path for asked in server.asked} == {LOGIN}


async def test_a_federated_token_is_read_anew_each_time(fetch: Fetch, server: TokenServer, files: Files) -> None:
    await fetch(FEDERATED)
    files.write("/token", "canary-secret")
    with pytest.raises(Unavailable, match=r"^with AZURE_FEDERATED_TOKEN_FILE: ") as raised:
        await fetch(FEDERATED)
    assert server.asked[-1].form["client_assertion"] == "canary-secret"
    assert holds_no_secret(str(raised.value))
    assert files.read == ["/token", "/token"]


async def test_the_platforms_are_asked_for_a_resource(fetch: Fetch, server: TokenServer) -> None:
    at_site = {"IDENTITY_ENDPOINT": server.url(SITE), "IDENTITY_HEADER": "canary-header"}
    await fetch(at_site)
    await fetch({}, client_id="other", scope="https://ai.azure.com/.default")
    assert [asked.query for asked in server.asked] == [
        {"api-version": "2019-08-01", "resource": RESOURCE},
        {"api-version": "2018-02-01", "resource": "https://ai.azure.com", "client_id": "other"},
    ]
    assert server.asked[1].headers["metadata"] == "true"


async def test_options_go_before_variables(fetch: Fetch, server: TokenServer) -> None:
    server.answers["/a%2Fb/oauth2/v2.0/token"] = server.answers["/a/b/oauth2/v2.0/token"] = login
    await fetch(SECRET, tenant_id="a/b", client_id="mine", scope="https://ai.azure.com/.default")
    form = server.asked[0].form
    assert (form["client_id"], form["scope"]) == ("mine", "https://ai.azure.com/.default")


async def test_a_refused_secret_is_named_by_its_variable(fetch: Fetch) -> None:
    with pytest.raises(Unavailable) as raised:
        await fetch({**SECRET, "AZURE_CLIENT_SECRET": "canary-refresh"})
    assert str(raised.value).startswith("with AZURE_CLIENT_SECRET: 127.0.0.1:")
    assert "answered 401 (invalid_client: AADSTS7000215: Invalid client secret provided: " in str(raised.value)
    assert raised.value.lasting
    assert holds_no_secret(str(raised.value))


async def test_a_refused_header_is_not_repeated(fetch: Fetch, server: TokenServer) -> None:
    at_site = {"IDENTITY_ENDPOINT": server.url(SITE), "IDENTITY_HEADER": "ya29.canary"}
    with pytest.raises(
        Unavailable, match=r"^with IDENTITY_ENDPOINT: .* answered 401 \(Unauthorized: \[...\]\)$"
    ) as raised:
        await fetch(at_site)
    assert holds_no_secret(str(raised.value))


@pytest.mark.parametrize(
    ("environ", "lacking"),
    [
        (
            {},
            (
                "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET",
                "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE",
            ),
        ),
        (
            {"AZURE_CLIENT_SECRET": "canary-secret", "AZURE_TENANT_ID": "t"},
            ("AZURE_CLIENT_ID", "AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE"),
        ),
        (CLIENT, ("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE")),
    ],
)
async def test_where_there_is_nothing_every_way_is_named_with_what_it_lacks(
    fetch: Fetch, server: TokenServer, environ: Mapping[str, str], lacking: tuple[str, str]
) -> None:
    server.answers[IMDS] = Answered(400, {"error": "invalid_request", "error_description": "Identity not found"})
    with pytest.raises(Unavailable) as raised:
        await fetch(environ)
    assert str(raised.value) == (
        f"no client secret: {lacking[0]} not set; no workload identity: {lacking[1]} not set; "
        "no App Service: IDENTITY_ENDPOINT and IDENTITY_HEADER not set; "
        f"no managed identity: {server.host} answered 400 (invalid_request: Identity not found)"
    )
    assert raised.value.lasting


async def test_an_authority_without_tls_gets_no_secret(fetch: Fetch, server: TokenServer) -> None:
    with pytest.raises(Unavailable, match="AZURE_AUTHORITY_HOST must be an https address"):
        await fetch({**SECRET, "AZURE_AUTHORITY_HOST": "http://login.example"})
    assert server.asked == []


def test_a_secret_is_never_printed() -> None:
    assert "canary-secret" not in repr(identity(SECRET, {}))
