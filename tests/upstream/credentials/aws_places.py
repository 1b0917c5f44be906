"""Places that behave like those of AWS: STS, which checks signatures as AWS does, container endpoints, instances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape

from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from yarl import URL

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials.ask import Answer, Asker
from proxy.upstream.credentials.aws_workload import Workload
from tests.upstream.credentials.token_server import NOW, Answered, Files, Question, TokenServer

STATIC = AwsKeys("AKIASTATIC", "canary-static")
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": STATIC.access_key, "AWS_SECRET_ACCESS_KEY": STATIC.secret_key}
IDENTITY = "canary-subject"
ROLE = "arn:aws:iam::123456789012:role/app"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"


def workload(
    asker: Asker, files: Files, environ: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None
) -> Workload:
    return Workload(environ or {}, options or {}, asker, lambda: NOW, files)


def at(seconds: float) -> str:
    return datetime.fromtimestamp(NOW + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def handed_out(name: str, life: float = 3600.0, **other: Any) -> dict[str, Any]:
    """What metadata servers answer."""
    keys = {"AccessKeyId": f"ASIA{name}", "SecretAccessKey": f"canary-{name}", "Token": f"canary-token-{name}"}
    return {**keys, "Expiration": at(life), **other}


def keys_named(name: str) -> AwsKeys:
    return AwsKeys(f"ASIA{name}", f"canary-{name}", f"canary-token-{name}")


class Rerouted(Asker):
    """Link-local addresses lead to the test's server; what was meant is remembered."""

    def __init__(self, server: TokenServer) -> None:
        super().__init__()
        self._server = server
        self.meant: list[str] = []
        self.proxied: list[bool] = []

    async def ask(self, method: str, url: str, **more: Any) -> Answer:
        self.meant.append(URL(url).host or "")
        self.proxied.append(more.pop("proxied"))
        return await super().ask(method, self._server.url(URL(url).path), proxied=False, **more)


class Sts:
    """Gives the keys of a role to whoever signs with keys it knows, or shows IDENTITY. `roles` tells who got what."""

    def __init__(self, server: TokenServer, *known: AwsKeys) -> None:
        self.host = server.host
        self.known = {keys.access_key: keys for keys in (STATIC, *known)}
        self.roles: list[dict[str, str]] = []
        self.life = 3600.0
        self.date = formatdate(NOW, usegmt=True)
        server.answers["/"] = self
        self.environ = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_STS": server.url()}

    def __call__(self, asked: Question) -> Answered:
        form = asked.form
        self.roles.append(form)
        if asked.method != "POST" or form["Version"] != "2011-06-15":
            return self.refused(400, "InvalidAction", "there is no such action")
        if form["Action"] == "AssumeRoleWithWebIdentity":
            if form["WebIdentityToken"] != IDENTITY or "authorization" in asked.headers:
                return self.refused(400, "InvalidIdentityToken", f"{form['WebIdentityToken']} is not known")
        elif not self.signed(asked):
            return self.refused(403, "SignatureDoesNotMatch", "It does not match.\n\nThe Canonical String was canary")
        return self.given(form["Action"], form["RoleArn"].rpartition("/")[2])

    def signed(self, asked: Question) -> bool:
        """As AWS checks it: the same signature, made anew by its own signer."""
        said = asked.headers.get("authorization", "")
        access, _, region, service, _ = said.partition("Credential=")[2].partition(",")[0].split("/")
        keys = self.known.get(access)
        names = said.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        assert {"host", "content-type", "x-amz-date"} <= set(names)
        headers = {name: asked.headers[name] for name in names if name not in ("x-amz-date", "host")}
        request = AWSRequest("POST", f"http://{self.host}/", headers=headers, data=asked.body)
        now = datetime.strptime(asked.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        with patch("botocore.auth.get_current_datetime", return_value=now):
            SigV4Auth(Credentials(*(keys or ("nobody", "nothing", None))), service, region).add_auth(request)
        return (region, service) == ("us-east-1", "sts") and said == request.headers["Authorization"]

    def given(self, action: str, name: str) -> Answered:
        keys = keys_named(name)
        self.known[keys.access_key] = keys
        body = (
            f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
            f"<AccessKeyId>{keys.access_key}</AccessKeyId><SecretAccessKey>{keys.secret_key}</SecretAccessKey>"
            f"<SessionToken>{keys.token}</SessionToken><Expiration>{at(self.life)}</Expiration></Credentials>"
            f"</{action}Result><ResponseMetadata/></{action}Response>"
        )
        return Answered(200, body.encode(), {"Date": self.date})

    def refused(self, status: int, code: str, message: str) -> Answered:
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
        )
        return Answered(status, body.encode(), {"Date": self.date})


class Instance:
    """IMDSv2 with one role; nothing without the session token that it gave."""

    def __init__(self, server: TokenServer, role: str = "node") -> None:
        self.role = role
        self.life = 3600.0
        server.answers["/latest/api/token"] = self.session
        server.answers["/latest/meta-data/iam/security-credentials/"] = self.named
        server.answers[f"/latest/meta-data/iam/security-credentials/{role}"] = self.keys
        self.environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url()}

    def session(self, asked: Question) -> Answered:
        ttl = asked.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        return Answered(200, b"canary-session") if asked.method == "PUT" and ttl.isdecimal() else Answered(400)

    def named(self, asked: Question) -> Answered:
        return Answered(200, self.role.encode()) if self.let_in(asked) else Answered(401)

    def keys(self, asked: Question) -> Answered:
        given = handed_out(self.role, self.life, Code="Success", Type="AWS-HMAC", LastUpdated=at(0))
        return Answered(200, given) if self.let_in(asked) else Answered(401)

    @staticmethod
    def let_in(asked: Question) -> bool:
        return asked.method == "GET" and asked.headers.get("x-aws-ec2-metadata-token") == "canary-session"
