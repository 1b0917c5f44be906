"""Certificates exchanged on a live listener, as a client that trusts one CA sees them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from proxy.injector.certificates import Lifetimes, Pair, make_ca, make_leaf
from proxy.injector.served import BadPair, Served

NOW = datetime.now(UTC)
CA = make_ca(NOW, Lifetimes())
ONE, TWO = (make_leaf(CA, ["outrider.llm.svc"], NOW, Lifetimes()) for _ in range(2))


@asynccontextmanager
async def listening(served: Served) -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0, ssl=served.context) as server:
        yield server.sockets[0].getsockname()[1]


async def connected(
    port: int, version: ssl.TLSVersion | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context(cadata=CA.certificate.decode())
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="outrider.llm.svc")


def shown(writer: asyncio.StreamWriter) -> str:
    return ssl.DER_cert_to_PEM_cert(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))


async def test_new_handshakes_get_the_new_certificate_and_open_connections_stay() -> None:
    served = Served()
    assert served.serve(*ONE)
    async with listening(served) as port:
        reader, writer = await connected(port)
        assert shown(writer).encode() == ONE.certificate
        assert served.serve(*TWO)
        _, later = await connected(port)
        assert shown(later).encode() == TWO.certificate == served.serving
        writer.write(b"still here\n")
        assert await reader.readline() == b"still here\n"
        writer.close()
        later.close()
        await asyncio.gather(writer.wait_closed(), later.wait_closed())


async def test_nothing_below_tls_1_2_is_spoken() -> None:
    served = Served()
    served.serve(*ONE)
    assert served.context.minimum_version == ssl.TLSVersion.TLSv1_2
    async with listening(served) as port:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            _, writer = await connected(port, version)
            writer.close()
            await writer.wait_closed()


def test_the_same_again_is_no_change() -> None:
    served = Served()
    assert served.serve(*ONE)
    assert not served.serve(*ONE)


def encrypted() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"words"))


@pytest.mark.parametrize(
    "bad", [Pair(b"", b""), Pair(ONE.certificate, TWO.key), Pair(b"junk", TWO.key), Pair(ONE.certificate, encrypted())]
)
async def test_a_bad_pair_is_refused_at_once_and_the_one_before_stays(bad: Pair) -> None:
    served = Served()
    served.serve(*TWO)
    with pytest.raises(BadPair):
        served.serve(*bad)
    assert served.serving == TWO.certificate
    async with listening(served) as port:
        _, writer = await connected(port)
        assert shown(writer).encode() == TWO.certificate
        writer.close()
        await writer.wait_closed()
