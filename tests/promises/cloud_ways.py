"""Every way in which a sidecar is told who it is in a cloud: what stands around it, and by what its provider knows it then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from proxy.signing.sigv4 import AwsKeys
from tests.promises.clouds import Ground
from tests.upstream.credentials.aws_places import IDENTITY, ROLE, STATIC, Instance, Sts, handed_out, keys_named
from tests.upstream.credentials.token_server import Answered, Question

TOKEN = "ya29.canary-of-the-cloud"
API_KEY = "canary-key-0123456789"
GIVEN = Answered(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})
LOGIN, IMDS, SITE = "/tenant/oauth2/v2.0/token", "/metadata/identity/oauth2/token", "/msi/token"
METADATA = "/computeMetadata/v1/instance/service-accounts/default/token"
ACT = "/v1/projects/-/serviceAccounts/me@x.iam.gserviceaccount.com:generateAccessToken"
CLIENT = {"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client"}


def only(condition: Callable[[Question], bool]) -> Callable[[Question], Answered]:
    """A token for questions that are as they should be."""
    return lambda asked: GIVEN if condition(asked) else Answered(403, {"error": "access_denied"})


# ---- AWS


def static(here: Ground) -> None:
    here.set({"AWS_ACCESS_KEY_ID": STATIC.access_key, "AWS_SECRET_ACCESS_KEY": STATIC.secret_key})


def profile(here: Ground) -> None:
    text = f"[team]\naws_access_key_id = {STATIC.access_key}\naws_secret_access_key = {STATIC.secret_key}\n"
    here.set({"AWS_SHARED_CREDENTIALS_FILE": here.write("credentials", text), "AWS_PROFILE": "team"})


def assumed(here: Ground) -> None:
    static(here)
    here.set(Sts(here.server).environ)


def irsa(here: Ground) -> None:
    here.set(Sts(here.server).environ)
    here.set({"AWS_WEB_IDENTITY_TOKEN_FILE": here.write("token", IDENTITY), "AWS_ROLE_ARN": ROLE})


def pod_identity(here: Ground) -> None:
    here.server.answers["/v1/credentials"] = lambda asked: (
        Answered(200, handed_out("pod")) if asked.headers.get("authorization") == IDENTITY else Answered(403)
    )
    here.set(
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": here.server.url("/v1/credentials"),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": here.write("token", IDENTITY),
        }
    )


def imds(here: Ground) -> None:
    here.set(Instance(here.server).environ)


def bedrock_key(here: Ground) -> None:
    here.set({"AWS_BEARER_TOKEN_BEDROCK": API_KEY})


# ---- Google


def metadata(here: Ground) -> None:
    answer = GIVEN._replace(headers={"Metadata-Flavor": "Google"})
    here.server.answers[METADATA] = lambda asked: (
        answer if asked.headers.get("metadata-flavor") == "Google" else Answered(403)
    )
    here.set({"GCE_METADATA_HOST": here.server.host})


def service_account(here: Ground) -> None:
    private = generate_private_key(public_exponent=65537, key_size=2048)
    said = {
        "type": "service_account",
        "client_email": "me@x.iam.gserviceaccount.com",
        "private_key_id": "k1",
        "private_key": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "token_uri": here.server.url("/token"),
    }
    here.server.answers["/token"] = only(lambda asked: asked.form["assertion"].count(".") == 2)
    here.set({"GOOGLE_APPLICATION_CREDENTIALS": here.write("key.json", orjson.dumps(said).decode())})


def federation(here: Ground, **more: Any) -> None:
    said = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": here.server.url("/token"),
        "credential_source": {"file": here.write("subject", "canary-subject\n")},
        **more,
    }
    here.server.answers["/token"] = only(lambda asked: asked.form["subject_token"] == "canary-subject")
    here.set({"GOOGLE_APPLICATION_CREDENTIALS": here.write("config.json", orjson.dumps(said).decode())})


def federation_as_an_account(here: Ground) -> None:
    federation(here, service_account_impersonation_url=here.server.url(ACT))
    here.server.answers["/token"] = Answered(200, {"access_token": "canary-exchanged", "expires_in": 3599})
    here.server.answers[ACT] = lambda asked: (
        Answered(200, {"accessToken": TOKEN, "expireTime": "2099-01-15T08:30:00Z"})
        if asked.headers["authorization"] == "Bearer canary-exchanged"
        else Answered(403)
    )


# ---- Azure


def client_secret(here: Ground) -> None:
    here.server.answers[LOGIN] = only(lambda asked: asked.form["client_secret"] == "canary-secret")
    here.set({**CLIENT, "AZURE_CLIENT_SECRET": "canary-secret", "AZURE_AUTHORITY_HOST": here.server.url("/")})


def workload_identity(here: Ground) -> None:
    here.server.answers[LOGIN] = only(lambda asked: asked.form["client_assertion"] == "canary-federated")
    here.set({**CLIENT, "AZURE_AUTHORITY_HOST": here.server.url("/")})
    here.set({"AZURE_FEDERATED_TOKEN_FILE": here.write("token", "canary-federated\n")})


def managed_identity(here: Ground) -> None:
    here.server.answers[IMDS] = only(lambda asked: asked.headers.get("metadata") == "true")
    here.set({"AZURE_POD_IDENTITY_AUTHORITY_HOST": here.server.url()})


def app_service(here: Ground) -> None:
    here.server.answers[SITE] = only(lambda asked: asked.headers.get("x-identity-header") == "canary-header")
    here.set({"IDENTITY_ENDPOINT": here.server.url(SITE), "IDENTITY_HEADER": "canary-header"})


class Way(NamedTuple):
    """`kind` is asked; `set_up` builds the place. The provider wants `proof`; the place is asked `asked` questions in all."""

    kind: str
    set_up: Callable[[Ground], None]
    proof: AwsKeys | tuple[str, str]
    asked: int
    options: Mapping[str, str] = {}
    more: Mapping[str, Any] = {}


BEARER = ("authorization", f"Bearer {TOKEN}")
OWN_KEY = {"api_key": API_KEY}
APP, POD, NODE = keys_named("app"), keys_named("pod"), keys_named("node")
WAYS: Mapping[str, Way] = {
    "aws: keys in the environment": Way("bedrock", static, STATIC, 0),
    "aws: keys in a profile": Way("bedrock", profile, STATIC, 0),
    "aws: an assumed role": Way("bedrock", assumed, APP, 1, {"role_arn": ROLE}),
    "aws: IRSA": Way("bedrock", irsa, APP, 1),
    "aws: EKS Pod Identity": Way("bedrock", pod_identity, POD, 1),
    "aws: IMDSv2": Way("bedrock", imds, NODE, 3),
    "aws: IRSA in OpenAI's form": Way("bedrock_openai", irsa, APP, 1),
    "aws: a Bedrock key": Way("bedrock", bedrock_key, ("authorization", f"Bearer {API_KEY}"), 0),
    "google: the metadata server": Way("vertex", metadata, BEARER, 1),
    "google: a service account": Way("vertex", service_account, BEARER, 1),
    "google: federation": Way("vertex", federation, BEARER, 1),
    "google: federation as an account": Way("vertex_anthropic", federation_as_an_account, BEARER, 2),
    "google: the metadata server, for Claude": Way("vertex_anthropic", metadata, BEARER, 1),
    "google: the metadata server, in OpenAI's form": Way("vertex_openai", metadata, BEARER, 1),
    "azure: a key": Way("azure_openai", lambda here: None, ("api-key", API_KEY), 0, {}, OWN_KEY),
    "azure: a key for Claude": Way("azure_anthropic", lambda here: None, ("x-api-key", API_KEY), 0, {}, OWN_KEY),
    "azure: a client's secret": Way("azure_deployments", client_secret, BEARER, 1),
    "azure: workload identity": Way("azure_openai", workload_identity, BEARER, 1),
    "azure: workload identity, Foundry": Way("azure_foundry", workload_identity, BEARER, 1),
    "azure: a managed identity": Way("azure_openai", managed_identity, BEARER, 1),
    "azure: a managed identity, Claude": Way("azure_anthropic", managed_identity, BEARER, 1),
    "azure: App Service": Way("azure_openai", app_service, BEARER, 1),
}
