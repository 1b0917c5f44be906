"""`outrider doctor` as a process, with everything wrong that can be: what it says, what to do, and its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from proxy.commands_doctor import Wanted, doctor, lines
from proxy.doctor.finding import Finding, counted
from proxy.terminal import plain
from tests.doctor.certificates import certificate
from tests.sdk.sidecar import PATIENCE, ROOT, serving

KEY = "sk-canary-0123456789abcdef"
PORTS = {"listen": {"hosts": ["127.0.0.1"], "port": 0}, "ops": {"hosts": ["127.0.0.1"], "port": 0}}


@asynccontextmanager
async def provider(status: int = 200, behind: float = 0.0, pause: float = 0.0) -> AsyncIterator[int]:
    """A server whose clock is `behind` by so many seconds, and that takes `pause` to answer."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(pause)
        headers = {"date": formatdate(time.time() - behind, usegmt=True)}
        return web.json_response({"data": []}, status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/v1/models", answer)
    async with TestServer(app) as server:
        yield server.port or 0


def entry(port: int, scheme: str = "http", host: str = "127.0.0.1") -> dict[str, Any]:
    return {"kind": "openai", "base_url": f"{scheme}://{host}:{port}/v1", "api_key": {"env": "KEY"}}


def written(tmp_path: Path, providers: dict[str, Any], **sections: Any) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(PORTS | {"providers": providers} | sections, sort_keys=False), "utf-8")
    return file


async def run(*arguments: str, **environ: str) -> tuple[int | None, str, str]:
    command = [sys.executable, "-m", "proxy", "doctor", *arguments]
    clean = {"PATH": os.environ["PATH"], "KEY": KEY, **environ}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=clean, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert KEY not in out.decode() + err.decode()
    return process.returncode, out.decode(), err.decode()


GOLDEN = """\
ok       configuration  configuration  FILE (PRINT) holds
ok       listen         port           127.0.0.1:0 is free
ok       ops            port           127.0.0.1:0 is free
ok       good           dns            127.0.0.1 needs no name
ok       good           connection     127.0.0.1 port PORT in SPENT
ok       good           key            accepted: GET http://127.0.0.1:PORT/v1/models answered 200 in SPENT
ok       refused        dns            127.0.0.1 needs no name
ok       refused        connection     127.0.0.1 port PORT in SPENT
failed   refused        key            the key was refused: GET http://127.0.0.1:PORT/v1/models answered 401 in SPENT
         -> the key may be mistyped, revoked, or of another account: it came from KEY
failed   unknown        dns            nothing.invalid cannot be looked up: WHY
         -> WHAT
ok       closed         dns            127.0.0.1 needs no name
failed   closed         connection     127.0.0.1 port PORT: Connection refused
         -> nothing listens there: start the server, or correct host and port in base_url
failed   this machine   clock          it is 60 min ahead of good, refused
         -> set the clock of this machine, by NTP or chrony; in a pod it is the node's. Signatures and tokens depend on it
9 ok, 4 failed
"""


async def test_everything_that_can_be_wrong_at_once(tmp_path: Path) -> None:
    async with provider(behind=3600) as good, provider(401, behind=3600) as refused:
        providers = {
            "good": entry(good),
            "refused": entry(refused),
            "unknown": entry(80, host="nothing.invalid"),
            "closed": entry(unused_port()),
        }
        file = written(tmp_path, providers)
        code, out, err = await run("--config", str(file), NO_COLOR="1")
    shown = re.sub(r"127\.0\.0\.1:[1-9]\d+", "127.0.0.1:PORT", out.replace(str(file), "FILE"))
    shown = re.sub(r"port \d+", "port PORT", re.sub(r"in \d+ ms", "in SPENT", shown))
    shown = re.sub(r"\([0-9a-f]{12}\)", "(PRINT)", re.sub(r"(looked up: ).*\n( +-> ).*", r"\1WHY\n\2WHAT", shown))
    assert (code, err) == (1, "")
    assert shown.splitlines() == GOLDEN.splitlines()


async def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    made = certificate(tmp_path, begins=-30, ends=-1)

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(close, "127.0.0.1", 0, ssl=made.server)
    async with server:
        port = server.sockets[0].getsockname()[1]
        file = written(tmp_path, {"old": entry(port, "https", "localhost")})
        code, out, _ = await run("--config", str(file), "--json", SSL_CERT_FILE=str(made.bundle))
    found = json.loads(out)
    assert (code, found["ok"]) == (1, False)
    [failed] = [each for each in found["findings"] if each["state"] == "failed"]
    assert (failed["subject"], failed["check"]) == ("old", "tls")
    assert failed["detail"] == "the certificate of localhost is not good: certificate has expired"
    assert failed["advice"].startswith("its owner has to renew it")


async def test_all_is_well(tmp_path: Path) -> None:
    async with provider() as port:
        code, out, err = await run("--config", str(written(tmp_path, {"up": entry(port)})), "--json")
    found = json.loads(out)
    assert (code, err, found["ok"], found["counts"]["failed"], found["counts"]["warning"]) == (0, "", True, 0, 0)


async def test_what_takes_long_is_told_meanwhile(tmp_path: Path) -> None:
    async with provider(pause=1.4) as port:
        file = written(tmp_path, {"sleepy": entry(port)})
        code, out, err = await run("--config", str(file), "--provider", "sleepy", "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)
    assert re.sub(r"[1-4] s", "N s", err) == "outrider: 0 of 1 done in N s; waiting for sleepy\n"


def test_ports_that_a_running_sidecar_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(yaml.safe_dump(PORTS | {"providers": {}}), tmp_path) as sidecar:
        port, ops = (int(url.rpartition(":")[2]) for url in (sidecar.url, sidecar.ops))
        taken = {"listen": {"hosts": ["127.0.0.1"], "port": port}, "ops": {"hosts": ["127.0.0.1"], "port": ops}}
        file = written(tmp_path, {}, **taken)
        assert doctor(str(file), Wanted()) == 0
        assert capsys.readouterr().out.count("is taken by a running sidecar (") == 2
    with socket.create_server(("127.0.0.1", port)):
        assert doctor(str(file), Wanted()) == 1
    assert "is taken, and not by a sidecar" in capsys.readouterr().out


def test_a_configuration_with_faults_is_checked_no_further(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("{listen: {prot: 1}, ops: {port: x}}", "utf-8")
    assert doctor(str(file), Wanted()) == 2
    out = capsys.readouterr().out.splitlines()
    assert re.sub(" +", " ", out[0]) == "failed configuration listen.prot it is an unknown key"
    assert out[1].strip() == "-> allowed: body_limit, header_limit, hosts, port, tls, tokens (did you mean port?)"
    assert out[-1] == "2 failed"
    assert doctor(str(file), Wanted(), as_json=True) == 2
    assert json.loads(capsys.readouterr().out)["counts"]["failed"] == 2


def test_a_provider_that_there_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(str(written(tmp_path, {"groq": None})), Wanted("grok")) == 2
    assert capsys.readouterr().err.startswith("outrider: --provider grok: there is groq, mock")


def test_what_came_from_outside_moves_no_cursor() -> None:
    found = [Finding("a\x1b[2J\n", "dns", "failed", "b\r\n" * 1000, "c\x07")]
    assert all(line.isprintable() and len(line) < 1000 for line in lines(found, counted(found), plain))
