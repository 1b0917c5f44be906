"""The certificate of the data port and those it asks for: from files, while they are replaced, and when they are wrong."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy.config import ConfigError
from proxy.config.listen import ListenTls
from proxy.server import tls
from proxy.server.tls import Certificates
from tests.upstream.certificates import Authority, Pair


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    (tmp_path / "ca").mkdir()
    return Authority(tmp_path / "ca")


def put(folder: Path, pair: Pair) -> None:
    shutil.copy(pair.certificate, folder / "tls.crt")
    shutil.copy(pair.key, folder / "tls.key")


def section(folder: Path, **more: Any) -> ListenTls:
    return ListenTls(certificate=str(folder / "tls.crt"), key=str(folder / "tls.key"), **more)


@asynccontextmanager
async def listening(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def shown(port: int, authority: Authority, client: Pair | None = None) -> dict[str, Any]:
    """What the server shows, once it has answered."""
    trusting = ssl.create_default_context(cafile=str(authority.bundle))
    if client is not None:
        trusting.load_cert_chain(client.certificate, client.key)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="localhost")
    try:
        peer: dict[str, Any] = writer.get_extra_info("peercert")
        writer.write(b"hello\n")
        assert await asyncio.wait_for(reader.readline(), 5) == b"hello\n"
    finally:
        writer.close()
    return peer


def serial(peer: dict[str, Any]) -> str:
    return str(peer["serialNumber"])


async def test_a_pair_that_is_replaced(tmp_path: Path, authority: Authority) -> None:
    put(tmp_path, authority.issue("DNS:localhost"))
    certificates = Certificates(section(tmp_path))
    async with listening(certificates.context) as port:
        first = await shown(port, authority)
        await certificates.look()
        assert serial(await shown(port, authority)) == serial(first)
        put(tmp_path, authority.issue("DNS:localhost", 60))
        await certificates.look()
        second = await shown(port, authority)
        assert serial(second) != serial(first)
        assert certificates.not_after == ssl.cert_time_to_seconds(second["notAfter"])


async def test_a_pair_that_does_not_fit_changes_nothing(tmp_path: Path, authority: Authority) -> None:
    put(tmp_path, authority.issue("DNS:localhost"))
    certificates = Certificates(section(tmp_path))
    async with listening(certificates.context) as port:
        first = await shown(port, authority)
        new = authority.issue("DNS:localhost")
        shutil.copy(new.certificate, tmp_path / "tls.crt")
        await certificates.look()
        assert serial(await shown(port, authority)) == serial(first)
        [fault] = certificates.faults
        assert fault.startswith("listen.tls.key is ")
        assert "not that of listen.tls.certificate" in fault
        shutil.copy(new.key, tmp_path / "tls.key")
        await certificates.look()
        assert certificates.faults == ()
        assert serial(await shown(port, authority)) != serial(first)


async def test_callers_show_one_of_theirs(tmp_path: Path, authority: Authority) -> None:
    put(tmp_path, authority.issue("DNS:localhost"))
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    certificates = Certificates(section(tmp_path, client_ca=str(authority.bundle)))
    refused = (ConnectionError, ssl.SSLError)
    async with listening(certificates.context) as port:
        await shown(port, authority, authority.issue("URI:spiffe://a/b"))
        for client in (None, other.issue("URI:spiffe://a/b"), authority.issue("URI:spiffe://a/b", -1)):
            with pytest.raises((*refused, AssertionError)):
                await shown(port, authority, client)


async def test_an_authority_that_is_taken_away(tmp_path: Path, authority: Authority) -> None:
    """Which a context that is already there could not do."""
    put(tmp_path, authority.issue("DNS:localhost"))
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    bundle = tmp_path / "clients.crt"
    bundle.write_text(authority.bundle.read_text("ascii") + other.bundle.read_text("ascii"), "ascii")
    certificates = Certificates(section(tmp_path, client_ca=str(bundle)))
    one, two = authority.issue("DNS:one"), other.issue("DNS:two")
    async with listening(certificates.context) as port:
        await shown(port, authority, one)
        await shown(port, authority, two)
        shutil.copy(authority.bundle, bundle)
        await certificates.look()
        await shown(port, authority, one)
        with pytest.raises((ConnectionError, ssl.SSLError, AssertionError)):
            await shown(port, authority, two)


async def test_a_file_that_goes_while_it_is_read(tmp_path: Path, authority: Authority, monkeypatch: Any) -> None:
    """It is told like any other fault, and looking goes on."""
    put(tmp_path, authority.issue("DNS:localhost"))
    shutil.copy(authority.bundle, tmp_path / "ca.crt")
    certificates = Certificates(section(tmp_path, client_ca=str(tmp_path / "ca.crt")))
    await certificates.look()
    for file, field in (("tls.key", "certificate"), ("ca.crt", "client_ca")):
        with monkeypatch.context() as patched:
            patched.setattr(tls, "check_file", lambda *_: None)
            kept = (tmp_path / file).rename(tmp_path / "kept")
            await certificates.look()
            [fault] = certificates.faults
            assert fault.startswith(f"listen.tls.{field} is ")
            assert "No such file or directory" in fault
        kept.rename(tmp_path / file)
        await certificates.look()
        assert certificates.faults == ()


# ---- files that are wrong from the start


def encrypted(folder: Path, pair: Pair) -> None:
    command = ("openssl", "pkey", "-in", pair.key, "-aes256", "-passout", "pass:secret", "-out", folder / "tls.key")
    subprocess.run(command, check=True, capture_output=True, timeout=20)


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("tls.crt", None, r"listen\.tls\.certificate is '.*' \(No such file or directory\)"),
        ("tls.key", None, r"listen\.tls\.key is '.*' \(No such file or directory\)"),
        ("tls.crt", "words", r"listen\.tls\.certificate is '.*' \(no certificate in it\)"),
        (
            "tls.key",
            "words",
            r"listen\.tls\.key is '.*' \(no private key in it that can be read without a passphrase\)",
        ),
        ("tls.key", "encrypted", r"listen\.tls\.key is '.*' \(no private key in it .* without a passphrase\)"),
        ("ca.crt", None, r"listen\.tls\.client_ca is '.*' \(No such file or directory\)"),
        ("ca.crt", "words", r"listen\.tls\.client_ca is '.*' \(no certificates in it\)"),
    ],
)
def test_a_file_that_is_wrong_is_named(
    file: str, text: str | None, fault: str, tmp_path: Path, authority: Authority
) -> None:
    pair = authority.issue("DNS:localhost")
    put(tmp_path, pair)
    shutil.copy(authority.bundle, tmp_path / "ca.crt")
    if text is None:
        (tmp_path / file).unlink()
    elif text == "encrypted":
        encrypted(tmp_path, pair)
    else:
        (tmp_path / file).write_text(text, "ascii")
    with pytest.raises(ConfigError, match=fault):
        Certificates(section(tmp_path, client_ca=str(tmp_path / "ca.crt")))
