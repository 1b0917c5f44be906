"""Containers and instances that hand out keys, and all the ways in which they do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy.upstream.credentials import aws_metadata, aws_workload
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.aws_metadata import from_container, from_instance
from proxy.upstream.credentials.fresh import Token, Unavailable
from tests.upstream.credentials.aws_places import Instance, Rerouted, handed_out, keys_named, workload
from tests.upstream.credentials.token_server import NOW, Answered, Files, Question, TokenServer

FULL, RELATIVE = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
TOKEN, TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
LISTING = "/latest/meta-data/iam/security-credentials/"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_workload, "PAUSES", (0.0, 0.0))


@pytest.fixture
async def rerouted(server: TokenServer) -> AsyncIterator[Rerouted]:
    rerouted = Rerouted(server)
    yield rerouted
    await rerouted.close()


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """An address that takes connections and says nothing."""
    open_ones: list[asyncio.StreamWriter] = []
    listening = await asyncio.start_server(lambda _, writer: open_ones.append(writer), "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    yield f"http://{host}:{port}"
    for writer in open_ones:
        writer.close()
    listening.close()
    await listening.wait_closed()


def pod_identity(asked: Question) -> Answered:
    """Like the agent of EKS Pod Identity: an answer for the token of the pod, words for anybody else."""
    token = asked.headers.get("authorization")
    if token == "canary-subject":
        return Answered(200, handed_out("pod", AccountId="123456789012"))
    return Answered(403, f"[a1]: (AccessDeniedException): {token} is not known\ncanary".encode())


@pytest.mark.parametrize("name", [FULL, RELATIVE])
async def test_no_container_is_none(asker: Asker, files: Files, name: str) -> None:
    assert await from_container(workload(asker, files, {name: ""})) is None


async def test_eks_pod_identity_reads_its_token_anew(rerouted: Rerouted, files: Files, server: TokenServer) -> None:
    server.answers["/v1/credentials"] = pod_identity
    file = files.write("/var/run/token", "canary-subject\n")
    place = workload(rerouted, files, {FULL: "http://169.254.170.23/v1/credentials", TOKEN_FILE: file, TOKEN: "other"})
    assert await from_container(place) == Token(keys_named("pod"), NOW + 3600)
    files.write("/var/run/token", "canary-stale")
    with pytest.raises(Unavailable, match=r"answered 403: \[a1\]: \(AccessDeniedException\): \[redacted\]") as raised:
        await from_container(place)
    assert raised.value.lasting
    assert "canary" not in str(raised.value)
    assert (rerouted.meant, files.read) == (["169.254.170.23"] * 2, [file] * 2)


@pytest.mark.parametrize("path", ["/v2/credentials/4711", "v2/credentials/4711"])
async def test_ecs_is_asked_at_its_own_address_whatever_the_full_one_says(
    rerouted: Rerouted, files: Files, server: TokenServer, path: str
) -> None:
    server.answers["/v2/credentials/4711"] = Answered(200, handed_out("task"))
    place = workload(rerouted, files, {RELATIVE: path, FULL: "http://127.0.0.1/other"})
    assert await from_container(place) == Token(keys_named("task"), NOW + 3600)
    assert rerouted.meant == ["169.254.170.2"]
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]", "169.254.170.2", "[fd00:ec2::23]"])
async def test_hosts_that_are_asked_without_tls(
    rerouted: Rerouted, files: Files, server: TokenServer, host: str
) -> None:
    server.answers["/keys"] = pod_identity
    environ = {FULL: f"http://{host}:81/keys", TOKEN: "canary-subject"}
    assert await from_container(workload(rerouted, files, environ)) is not None


async def test_any_host_is_asked_over_tls_and_only_then_by_a_proxy(
    rerouted: Rerouted, files: Files, server: TokenServer
) -> None:
    server.answers["/keys"] = pod_identity
    for url in ("https://keys.example/keys", "http://127.0.0.1/keys"):
        await from_container(workload(rerouted, files, {FULL: url, TOKEN: "canary-subject"}))
    assert (rerouted.meant, rerouted.proxied) == (["keys.example", "127.0.0.1"], [True, False])


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.170.22/keys",
        "http://example.com/keys",
        "http://127.0.0.1.example.com/",
        "http://localhost@example.com/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1",
        "http://[::",
        "https:///keys",
    ],
)
async def test_no_other_host_gets_the_token(rerouted: Rerouted, files: Files, url: str) -> None:
    with pytest.raises(Unavailable, match=FULL):
        await from_container(workload(rerouted, files, {FULL: url, TOKEN: "canary-subject"}))
    assert rerouted.meant == []


@pytest.mark.parametrize("token", ["canary\r\nx: y", "canary\0", "cänary"])
async def test_a_token_that_would_be_another_header_is_not_sent(
    asker: Asker, files: Files, server: TokenServer, token: str
) -> None:
    with pytest.raises(Unavailable, match=rf"{TOKEN} holds what cannot") as raised:
        await from_container(workload(asker, files, {FULL: server.url("/keys"), TOKEN: token}))
    assert "canary" not in str(raised.value)
    assert server.asked == []


@pytest.mark.parametrize("content", [None, " \n"])
async def test_a_token_file_that_is_not_there_or_empty(
    asker: Asker, files: Files, server: TokenServer, content: str | None
) -> None:
    if content is not None:
        files.write("/token", content)
    with pytest.raises(Unavailable, match=f"{TOKEN_FILE} /token (cannot be read|is empty)"):
        await from_container(workload(asker, files, {FULL: server.url("/keys"), TOKEN_FILE: "/token"}))


@pytest.mark.parametrize(
    ("answer", "reason", "lasting"),
    [
        (Answered(500, b""), "answered 500", False),
        (Answered(404, b"no such task"), "answered 404: no such task", True),
        (Answered(200, b"<html>canary"), "did not answer with keys in JSON", False),
        (Answered(200, handed_out("old", -1)), "the keys expired at 2027-01-15T07:59:59Z", False),
    ],
)
async def test_a_container_endpoint_that_fails(
    asker: Asker, files: Files, server: TokenServer, answer: Answered, reason: str, lasting: bool
) -> None:
    server.answers["/keys"] = answer
    with pytest.raises(Unavailable, match=reason) as raised:
        await from_container(workload(asker, files, {FULL: server.url("/keys")}))
    assert raised.value.lasting == lasting
    assert "canary" not in str(raised.value)
    assert len(server.asked) == (3 if answer.status == 500 else 1)


async def test_an_instance(asker: Asker, files: Files, server: TokenServer) -> None:
    instance = Instance(server)
    assert await from_instance(workload(asker, files, instance.environ)) == Token(keys_named("node"), NOW + 3600)
    assert [(asked.method, asked.path) for asked in server.asked] == [
        ("PUT", "/latest/api/token"),
        ("GET", LISTING),
        ("GET", f"{LISTING}node"),
    ]


@pytest.mark.parametrize(
    ("environ", "host"),
    [({}, "169.254.169.254"), ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}, "fd00:ec2::254")],
)
async def test_where_an_instance_is_asked(
    rerouted: Rerouted, files: Files, server: TokenServer, environ: dict[str, str], host: str
) -> None:
    Instance(server)
    await from_instance(workload(rerouted, files, environ))
    assert set(rerouted.meant) == {host}


@pytest.mark.parametrize("value", ["true", "True"])
async def test_an_instance_that_is_not_to_be_asked(rerouted: Rerouted, files: Files, value: str) -> None:
    assert await from_instance(workload(rerouted, files, {"AWS_EC2_METADATA_DISABLED": value})) is None
    assert rerouted.meant == []


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("/latest/api/token", Answered(403), "answered 403: it is turned off.*HttpPutResponseHopLimit"),
        ("/latest/api/token", Answered(404), "does not speak IMDSv2"),
        ("/latest/api/token", Answered(200, b" "), "nothing of use"),
        ("/latest/api/token", Answered(200, b"canary-other"), "answered 401: its session token was refused"),
        (LISTING, Answered(404, b"<html>canary"), "answered 404: the instance has no role"),
        (LISTING, Answered(200, b"\n"), "nothing of use"),
        (LISTING, Answered(500), "answered 500"),
        (f"{LISTING}node", Answered(200, {"Code": "InstanceProfileNotFound"}), "gave no keys: InstanceProfileNotFound"),
        (f"{LISTING}node", Answered(200, b"{canary"), "did not answer with keys in JSON"),
    ],
)
async def test_an_instance_that_gives_nothing(
    asker: Asker, files: Files, server: TokenServer, path: str, answer: Answered, reason: str
) -> None:
    instance = Instance(server)
    server.answers[path] = answer
    with pytest.raises(Unavailable, match=reason) as raised:
        await from_instance(workload(asker, files, instance.environ))
    assert "canary" not in str(raised.value)


async def test_keys_of_an_instance_that_have_expired(asker: Asker, files: Files, server: TokenServer) -> None:
    instance = Instance(server)
    instance.life = -60.0
    with pytest.raises(Unavailable, match="expired at 2027-01-15T07:59:00Z, unless the clock here is wrong"):
        await from_instance(workload(asker, files, instance.environ))


async def test_too_many_hops_away_nothing_comes_back(
    asker: Asker, files: Files, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_metadata, "INSTANCE_SECONDS", 0.05)
    with pytest.raises(Unavailable, match=r"did not answer within 0.05 seconds; .*HttpPutResponseHopLimit") as raised:
        await from_instance(workload(asker, files, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": silent}))
    assert not raised.value.lasting


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "somewhere"}, "AWS_EC2_METADATA_SERVICE_ENDPOINT is not a URL"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv5"}, "_MODE must be IPv4 or IPv6"),
    ],
)
async def test_an_instance_s_address_that_is_none(
    asker: Asker, files: Files, environ: dict[str, str], name: str
) -> None:
    with pytest.raises(Unavailable, match=name):
        await from_instance(workload(asker, files, environ))
