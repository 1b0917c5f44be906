"""Keys that the place where a workload runs hands out: containers (ECS, EKS Pod Identity) and EC2 instances (IMDSv2).

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html.
The first version of IMDS, which answers whoever asks, is not spoken.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import quote

from yarl import URL

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials.ask import host_of
from proxy.upstream.credentials.aws_workload import PRINTABLE, Workload, excerpt, read_keys
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.grant import text_in

RELATIVE, FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
AUTHORIZATION, AUTHORIZATION_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
ECS = "http://169.254.170.2"
#: ECS and EKS Pod Identity. To any other host a token goes only over TLS, or not out of the pod.
LINK_LOCAL = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
CONTAINER_SECONDS = 2.0

ENDPOINTS = {"ipv4": "http://169.254.169.254", "ipv6": "http://[fd00:ec2::254]"}
ROLES = "/latest/meta-data/iam/security-credentials/"
#: How long the session with IMDS holds, in seconds; three questions take less.
SESSION = "60"
#: Seconds for each question, as in the SDKs (AWS_METADATA_SERVICE_TIMEOUT).
INSTANCE_SECONDS = 1.0
HOPS = "in a container the instance's HttpPutResponseHopLimit has to be 2 or more"
#: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html.
MEANINGS = {
    400: "the question is not valid",
    401: "its session token was refused",
    403: "it is turned off, or does not allow it",
    404: "the instance has no role, or does not speak IMDSv2",
    405: "it does not speak IMDSv2",
}


async def from_container(workload: Workload) -> Token[AwsKeys] | None:
    """The relative address wins over the full one, and the file over the token itself."""
    relative, full = workload.told(RELATIVE), workload.told(FULL)
    if not relative and not full:
        return None
    url = f"{ECS}/{relative.removeprefix('/')}" if relative else full
    check_address(url)
    token = await authorization(workload)
    headers = {"accept": "application/json"} | ({"authorization": token} if token else {})
    proxied = url.startswith("https://")
    answer = await workload.ask("GET", url, headers=headers, seconds=CONTAINER_SECONDS, proxied=proxied)
    if answer.status != 200:
        said = excerpt(answer.body.decode("utf-8", "replace"), token)
        raise Unavailable(f"{host_of(url)} answered {answer.status}: {said}", lasting=answer.status < 500)
    return read_keys(answer.body, workload.wall(), host_of(url))


def check_address(url: str) -> None:
    try:
        address = URL(url)
    except ValueError:
        raise Unavailable(f"{FULL} is not a URL", lasting=True) from None
    host = address.host or ""
    if address.scheme == "https" and host:
        return
    if address.scheme != "http" or not (host in LINK_LOCAL or is_loopback(host)):
        allowed = "an https address, or http to this host, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]"
        raise Unavailable(f"{FULL} must be {allowed}", lasting=True)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def authorization(workload: Workload) -> str:
    """What the container's endpoint wants to see; the file is read anew each time, for its token expires."""
    path = workload.told(AUTHORIZATION_FILE)
    token = await text_in(path, workload.read_file, AUTHORIZATION_FILE) if path else workload.told(AUTHORIZATION)
    if token and not PRINTABLE.fullmatch(token.replace(" ", "")):
        raise Unavailable(f"{path or AUTHORIZATION} holds what cannot stand in a header", lasting=True)
    return token


async def from_instance(workload: Workload) -> Token[AwsKeys] | None:
    """A session token first, then the name of the instance's role, then the role's keys."""
    if workload.told("AWS_EC2_METADATA_DISABLED").lower() == "true":
        return None
    endpoint = instance_endpoint(workload)
    try:
        session = await told_by_instance(
            workload, "PUT", f"{endpoint}/latest/api/token", {"x-aws-ec2-metadata-token-ttl-seconds": SESSION}
        )
    except Unavailable as fault:
        raise Unavailable(f"{fault}; {HOPS}", fault.lasting) from None
    held = {"x-aws-ec2-metadata-token": one_line(session, endpoint)}
    role = one_line(await told_by_instance(workload, "GET", endpoint + ROLES, held), endpoint)
    keys = await told_by_instance(workload, "GET", f"{endpoint}{ROLES}{quote(role, safe='')}", held)
    return read_keys(keys, workload.wall(), host_of(endpoint))


def instance_endpoint(workload: Workload) -> str:
    given = workload.told("AWS_EC2_METADATA_SERVICE_ENDPOINT")
    if given:
        if not given.startswith(("http://", "https://")):
            raise Unavailable("AWS_EC2_METADATA_SERVICE_ENDPOINT is not a URL", lasting=True)
        return given.rstrip("/")
    mode = workload.told("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").lower() or "ipv4"
    if mode not in ENDPOINTS:
        raise Unavailable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE must be IPv4 or IPv6", lasting=True)
    return ENDPOINTS[mode]


async def told_by_instance(workload: Workload, method: str, url: str, headers: dict[str, str]) -> bytes:
    answer = await workload.ask(method, url, headers=headers, seconds=INSTANCE_SECONDS)
    if answer.status != 200:
        meaning = MEANINGS.get(answer.status, "that is no answer")
        raise Unavailable(f"{host_of(url)} answered {answer.status}: {meaning}", lasting=answer.status < 500)
    return answer.body


def one_line(body: bytes, endpoint: str) -> str:
    """The first line of an answer, which is the whole of it."""
    line = body.decode("utf-8", "replace").strip().partition("\n")[0].strip()
    if not PRINTABLE.fullmatch(line):
        raise Unavailable(f"{host_of(endpoint)} answered with nothing of use")
    return line
