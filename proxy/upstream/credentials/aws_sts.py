"""Roles that are assumed for a while: AssumeRole, and AssumeRoleWithWebIdentity (IRSA), at the regional STS.

Sources: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, API_AssumeRoleWithWebIdentity.html there,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html and feature-ss-endpoints.html there.
XML is what is documented, and what is spoken here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlencode
from xml.etree import ElementTree

from yarl import URL

from proxy.signing import Asked
from proxy.signing.sigv4 import AwsKeys, sign_v4
from proxy.upstream.credentials.ask import Answer
from proxy.upstream.credentials.aws_files import region_of
from proxy.upstream.credentials.aws_workload import Workload, checked, excerpt, moment
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.grant import text_in

VERSION = "2011-06-15"
FORM = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"),)
REGION = re.compile(r"[a-z0-9-]{1,40}")
#: Beginning of a region -> domain of its partition, where that is another than the first one.
DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}
#: Refusals that pass by themselves.
PASSING = (b"<Code>IDPCommunicationError<", b"<Code>Throttling")
#: Seconds by which clocks may differ: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html.
SKEW = 300.0


class Role(NamedTuple):
    """`session` names it in the account's trail. `seconds` as the operator wrote it; an hour where empty."""

    arn: str
    session: str = ""
    external_id: str = ""
    seconds: str = ""

    def asked(self, action: str, **more: str) -> Mapping[str, str]:
        if self.seconds and not self.seconds.isdecimal():
            raise Unavailable("duration_seconds must be a whole number", lasting=True)
        fields = {
            "Action": action,
            "Version": VERSION,
            "RoleArn": self.arn,
            "RoleSessionName": self.session or "outrider",
            "DurationSeconds": self.seconds,
            "ExternalId": self.external_id,
            **more,
        }
        return {name: value for name, value in fields.items() if value}


async def from_web_identity(workload: Workload) -> Token[AwsKeys] | None:
    """IRSA: https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html."""
    path, arn = workload.told("AWS_WEB_IDENTITY_TOKEN_FILE"), workload.told("AWS_ROLE_ARN")
    if not path:
        return None
    if not arn:
        raise Unavailable("AWS_ROLE_ARN is not set, but AWS_WEB_IDENTITY_TOKEN_FILE is", lasting=True)
    return await assume_with_web_identity(workload, Role(arn, workload.told("AWS_ROLE_SESSION_NAME")), path)


async def assume_with_web_identity(workload: Workload, role: Role, path: str) -> Token[AwsKeys]:
    """`path` is of a file that holds a token, and is read anew each time, for tokens expire."""
    identity = await text_in(path, workload.read_file, "the web identity token file")
    fields = role._replace(external_id="").asked("AssumeRoleWithWebIdentity", WebIdentityToken=identity)
    return await assumed(workload, role, fields, None, (identity,))


async def assume_role(workload: Workload, role: Role, keys: AwsKeys) -> Token[AwsKeys]:
    """`keys` are those of who may assume it."""
    secrets = (keys.secret_key, keys.token or "", role.external_id)
    return await assumed(workload, role, role.asked("AssumeRole"), keys, secrets)


async def assumed(
    workload: Workload, role: Role, fields: Mapping[str, str], keys: AwsKeys | None, secrets: tuple[str, ...]
) -> Token[AwsKeys]:
    region = await region_of(workload)
    url = endpoint(workload, region)
    body = urlencode(fields).encode()
    headers = dict(FORM)
    if keys is not None:
        asked = Asked("POST", url.host_port_subcomponent or "", url.raw_path_qs, body, workload.wall(), FORM)
        headers |= dict(sign_v4(keys, region or "", "sts", asked))
    answer = await workload.ask("POST", str(url), headers=headers, body=body, proxied=True, passes=will_pass)
    if answer.status != 200:
        refusal = f"{url.host} answered {answer.status} for {role.arn}: {reason(answer, secrets)}"
        lasting = answer.status < 500 and not will_pass(answer)
        raise Unavailable(refusal + clock(answer, workload.wall()), lasting)
    return checked(read_credentials(answer.body, str(url.host)), workload.wall())


def endpoint(workload: Workload, region: str | None) -> URL:
    """The regional one, unless AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL says otherwise."""
    if not region or not REGION.fullmatch(region):
        wanted = "set the option `region` or AWS_REGION" if not region else "a region is written like us-east-1"
        raise Unavailable(f"no region to assume a role in: {wanted}", lasting=True)
    ignored = workload.told("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").lower() == "true"
    given = "" if ignored else workload.told("AWS_ENDPOINT_URL_STS") or workload.told("AWS_ENDPOINT_URL")
    if not given:
        domain = next((domain for start, domain in DOMAINS.items() if region.startswith(start)), "amazonaws.com")
        return URL(f"https://sts.{region}.{domain}/")
    try:
        url = URL(given)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise Unavailable("AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL is not a URL", lasting=True)
    return url.with_path(url.path or "/")


def will_pass(answer: Answer) -> bool:
    return any(code in answer.body for code in PASSING)


def tree(body: bytes) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def read_credentials(body: bytes, host: str) -> Token[AwsKeys]:
    found = tree(body)
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    texts = ["" if found is None else (found.findtext(f".//{{*}}Credentials/{{*}}{name}") or "") for name in names]
    access, secret, token, expires = (text.strip() for text in texts)
    if not (access and secret and token and expires):
        raise Unavailable(f"{host} did not answer with Credentials in XML")
    return Token(AwsKeys(access, secret, token), moment(expires))


def reason(answer: Answer, secrets: tuple[str, ...]) -> str:
    """Code and message of an ErrorResponse; the message's later lines may repeat the request."""
    found = tree(answer.body)
    code = None if found is None else found.findtext(".//{*}Error/{*}Code")
    if found is None or not code:
        return "no reason given"
    return excerpt(f"{code.strip()}: {(found.findtext('.//{*}Error/{*}Message') or '').strip()}", *secrets)


def clock(answer: Answer, now: float) -> str:
    """Whether the clocks differ too much for signatures and tokens to hold."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return ""
    return f"; the clock here is {now - theirs:+.0f} seconds off" if abs(now - theirs) > SKEW else ""
