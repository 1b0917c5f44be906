"""Microsoft Entra's tokens: a client's secret, a workload's federated token, a managed identity, tried in that order.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (secret and assertion),
https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token (virtual machines),
https://learn.microsoft.com/azure/app-service/overview-managed-identity (App Service and Container Apps); the order is that of
https://learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains. Azure Arc and
Service Fabric are not known.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import quote, urlencode

from proxy.upstream.credentials.ask import Asker, host_of
from proxy.upstream.credentials.fresh import Token
from proxy.upstream.credentials.grant import ReadFile, granted, patiently, safe, said_in, text_in, token_in, told

SCOPE = "https://cognitiveservices.azure.com/.default"
AUTHORITY = "https://login.microsoftonline.com"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
IMDS = "http://169.254.169.254"
PATIENCE = 3.0


class Identity(NamedTuple):
    """What configuration and environment say of the workload; empty where they say nothing. Printed without the secret."""

    client: str
    tenant: str
    secret: str
    token_file: str
    authority: str
    scope: str

    def __repr__(self) -> str:
        return f"Identity(client={self.client}, tenant={self.tenant})"


def azure_source(
    environ: Mapping[str, str],
    options: Mapping[str, str],
    asker: Asker,
    wall: Callable[[], float],
    read_file: ReadFile,
) -> Callable[[], Awaitable[Token[str]]]:
    """What fetches an access token. Options: `client_id`, `tenant_id`, `scope`. Unavailable says where it looked."""
    known = identity(environ, options)

    async def fetch() -> Token[str]:
        if known.secret and known.client and known.tenant:
            return await told("with AZURE_CLIENT_SECRET", by_secret(known, asker, wall))
        if known.token_file and known.client and known.tenant:
            return await told("with AZURE_FEDERATED_TOKEN_FILE", by_federation(known, asker, wall, read_file))
        if environ.get("IDENTITY_ENDPOINT") and environ.get("IDENTITY_HEADER"):
            return await told("with IDENTITY_ENDPOINT", by_app_service(known, environ, asker, wall))
        passed_over = "; ".join([*unset(known), "no managed identity"])
        return await told(passed_over, by_machine(known, environ, asker, wall))

    return fetch


def identity(environ: Mapping[str, str], options: Mapping[str, str]) -> Identity:
    def said(option: str, variable: str, default: str = "") -> str:
        return options.get(option) or environ.get(variable, "").strip() or default

    return Identity(
        said("client_id", "AZURE_CLIENT_ID"),
        said("tenant_id", "AZURE_TENANT_ID"),
        environ.get("AZURE_CLIENT_SECRET", "").strip(),
        environ.get("AZURE_FEDERATED_TOKEN_FILE", "").strip(),
        environ.get("AZURE_AUTHORITY_HOST", "").strip() or AUTHORITY,
        options.get("scope") or SCOPE,
    )


def unset(known: Identity) -> list[str]:
    """What would have turned on the sources that were passed over."""
    common = {"AZURE_TENANT_ID": known.tenant, "AZURE_CLIENT_ID": known.client}
    ways = {
        "no client secret": {**common, "AZURE_CLIENT_SECRET": known.secret},
        "no workload identity": {**common, "AZURE_FEDERATED_TOKEN_FILE": known.token_file},
    }
    said = [
        f"{way}: {', '.join([name for name, value in needed.items() if not value])} not set"
        for way, needed in ways.items()
    ]
    return [*said, "no App Service: IDENTITY_ENDPOINT and IDENTITY_HEADER not set"]


async def by_secret(known: Identity, asker: Asker, wall: Callable[[], float]) -> Token[str]:
    return await by_client(known, {"client_secret": known.secret}, asker, wall)


async def by_federation(known: Identity, asker: Asker, wall: Callable[[], float], read_file: ReadFile) -> Token[str]:
    """The file is read each time: Kubernetes writes it anew within the hour."""
    token = await text_in(known.token_file, read_file, "the file")
    proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
    return await by_client(known, proof, asker, wall)


async def by_client(known: Identity, proof: Mapping[str, str], asker: Asker, wall: Callable[[], float]) -> Token[str]:
    authority = safe(
        known.authority if "://" in known.authority else f"https://{known.authority}", "AZURE_AUTHORITY_HOST"
    )
    url = f"{authority.rstrip('/')}/{quote(known.tenant, safe='')}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "client_id": known.client, "scope": known.scope, **proof}
    return await granted(asker, url, form, wall)


async def by_app_service(
    known: Identity, environ: Mapping[str, str], asker: Asker, wall: Callable[[], float]
) -> Token[str]:
    headers = {"x-identity-header": environ["IDENTITY_HEADER"]}
    return await by_platform(environ["IDENTITY_ENDPOINT"], "2019-08-01", headers, known, asker, wall)


async def by_machine(
    known: Identity, environ: Mapping[str, str], asker: Asker, wall: Callable[[], float]
) -> Token[str]:
    """The instance metadata service; AZURE_POD_IDENTITY_AUTHORITY_HOST stands for its address where pods are given another."""
    host = environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST", "").strip().rstrip("/") or IMDS
    url = f"{host}/metadata/identity/oauth2/token"
    return await by_platform(url, "2018-02-01", {"metadata": "true"}, known, asker, wall)


async def by_platform(
    url: str, version: str, headers: Mapping[str, str], known: Identity, asker: Asker, wall: Callable[[], float]
) -> Token[str]:
    """A client's id tells which of several identities is meant."""
    query = {"api-version": version, "resource": known.scope.removesuffix("/.default")}
    query |= {"client_id": known.client} if known.client else {}
    asked = partial(asker.ask, "GET", f"{url}?{urlencode(query)}", headers=headers, seconds=PATIENCE, proxied=False)
    answer = await patiently(asked)
    return token_in(said_in(answer, host_of(url), list(headers.values())), host_of(url), wall())
