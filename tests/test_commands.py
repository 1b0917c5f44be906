"""`check` tells what a configuration amounts to; `chat` meets servers that answer, err, stall, hang up and babble."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from proxy.commands import chat, check

KEY = "sk-proj-s3cr3ts3cr3ts3cr3t-wxyz"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in [name for name in os.environ if name.startswith("OUTRIDER_") or name.endswith("_API_KEY")]:
        monkeypatch.delenv(variable)
    return tmp_path / "config.yaml"


# ---- check


def test_check_of_a_file(config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(
        """
        listen: {hosts: ["::1"], port: 1}
        providers:
          openai: {}
          claude: {kind: anthropic}
          local: {kind: openai_compatible, base_url: http://vllm:8000/v1/, api_key: short}
        models: [{model: fast, targets: [{provider: openai, model: gpt-4o-mini}]}]
        """,
        "utf-8",
    )
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert check(str(config)) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith(f"configuration  {config} (")
    settings = next(at for at, line in enumerate(lines) if line.startswith("settings"))
    assert [line.split() for line in lines[settings + 1 :]][:3] == [
        ["listen.hosts", '["::1"]', "config.yaml:2"],
        ["listen.port", "1", "config.yaml:2"],
        ["providers.openai.api_key", '"sk-…wxyz"', "environment", "OPENAI_API_KEY"],
    ]
    assert lines[:settings] == [
        "listen         [::1]:1",
        "ops            0.0.0.0:11412, [::]:11412",
        "providers",
        "  openai          on   https://api.openai.com/v1  key sk-…wxyz from OPENAI_API_KEY",
        "  claude          off  no key: set ANTHROPIC_API_KEY or providers.claude.api_key in the configuration file",
        "  local           on   http://vllm:8000/v1  key **** from configuration file",
        "  mock            on   embedded",
        "  mock-anthropic  on   embedded",
        "  mock-openai     on   embedded",
        "  mock-vllm       on   embedded",
        "aliases",
        "  fast -> openai:gpt-4o-mini",
    ]


def test_check_warns_of_a_port_that_is_open_to_all(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for tokens, warned in (("", 1), (", tokens: there", 0)):
        config.write_text(f"listen: {{hosts: [127.0.0.1, 0.0.0.0]{tokens}}}", "utf-8")
        assert check(str(config)) == 0
        out = capsys.readouterr().out
        assert out.count("warning        listen.hosts: 0.0.0.0 is reachable from outside the pod") == warned
        assert check(str(config), as_json=True) == 0
        assert len(json.loads(capsys.readouterr().out)["warnings"]) == warned


def test_check_as_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(f"providers: {{groq: {{}}, openai: {{api_key: {KEY}}}}}", "utf-8")
    assert check(str(config), as_json=True) == 0
    out = capsys.readouterr().out
    report = json.loads(out)
    assert report["ok"] is True
    assert [(provider["name"], provider["on"]) for provider in report["providers"]] == [
        ("groq", False),
        ("openai", True),
        ("mock", True),
        ("mock-anthropic", True),
        ("mock-openai", True),
        ("mock-vllm", True),
    ]
    assert report["providers"][1]["key"] == {"masked": "sk-…wxyz", "from": "configuration file"}
    assert "s3cr3t" not in out


def test_check_shows_what_signs_in_a_cloud_and_what_else_would(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "IDENTITY_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(config.parent))
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    config.write_text(
        """
        providers:
          aws: {kind: bedrock, options: {region: eu-west-1, role_arn: "arn:aws:iam::1:role/other"}}
          google: {kind: vertex, options: {project: p}}
          keyed: {kind: azure_openai, options: {resource: r}}
          nowhere: {kind: bedrock}
        """,
        "utf-8",
    )
    assert check(str(config)) == 0
    found = [line.split(None, 2) for line in capsys.readouterr().out.splitlines()[4:8]]
    assert found == [
        [
            *("aws", "on"),
            "https://bedrock-runtime.eu-west-1.amazonaws.com  credentials of AWS by AWS_WEB_IDENTITY_TOKEN_FILE"
            ", to assume arn:aws:iam::1:role/other",
        ],
        [
            *("google", "on"),
            "https://aiplatform.googleapis.com  credentials of Google: the service account of the workload, from the metadata"
            " server (what else would do: the option credentials_file or GOOGLE_APPLICATION_CREDENTIALS or"
            " ~/.config/gcloud/application_default_credentials.json)",
        ],
        [
            *("keyed", "on"),
            "https://r.openai.azure.com/openai/v1  key sk-…wxyz from AZURE_OPENAI_API_KEY",
        ],
        [
            *("nowhere", "off"),
            "it has to be told more: set AWS_REGION or AWS_DEFAULT_REGION or providers.nowhere.options.region",
        ],
    ]
    assert check(str(config), as_json=True) == 0
    aws, google, keyed, nowhere = json.loads(capsys.readouterr().out)["providers"][:4]
    assert [each["cloud"] for each in (aws, google, keyed, nowhere)] == ["aws", "google", None, "aws"]
    assert aws["credentials"].startswith("credentials of AWS by ")
    assert keyed["credentials"] is None


def test_check_says_where_every_value_is_from(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("drain: {grace: 3}", "utf-8")
    assert check(str(config), as_json=True) == 0
    settings = {each["path"]: each for each in json.loads(capsys.readouterr().out)["settings"]}
    made = {"path": "drain.grace", "value": 3.0, "source": "file", "from": "config.yaml:1"}
    assert settings["drain.grace"] == made
    assert settings["listen.port"] == {"path": "listen.port", "value": 11411, "source": "default", "from": "default"}
    assert check(str(config), every=True) == 0
    lines = [line.split() for line in capsys.readouterr().out.partition("settings\n")[2].splitlines()]
    assert len(lines) == len(settings)
    assert ["drain.grace", "3.0", "config.yaml:1"] in lines


def test_check_without_a_file(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(None) == 0
    assert capsys.readouterr().out.startswith("configuration  built-in defaults (")


def test_an_alias_that_leads_nowhere_is_a_failure(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("models: [{model: fast, targets: [{provider: groq, model: x}]}]", "utf-8")
    assert check(str(config)) == 1
    assert capsys.readouterr().out.partition("aliases\n")[2].splitlines()[0] == (
        '  fast -> nothing: the alias "fast" stands for groq:x, and groq is off'
        " (no key: set GROQ_API_KEY or providers.groq.api_key in the configuration file)"
    )
    assert check(str(config), as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_a_fault_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("{listen: {port: x}, ops: {port: y}}", "utf-8")
    assert check(str(config)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "outrider: listen.port is 'x'; allowed: a port, 0 to 65535 (0: any free one)",
        "outrider: ops.port is 'y'; allowed: a port, 0 to 65535 (0: any free one)",
    ]
    assert check(str(config), as_json=True) == 2
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], [fault["path"] for fault in report["faults"]]) == (False, ["listen.port", "ops.port"])


def test_the_schema_is_printed_whatever_the_configuration(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("/nowhere", schema=True) == 0
    assert "providers" in json.loads(capsys.readouterr().out)["$defs"]["Config"]["properties"]


# ---- chat

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Says nothing about connections that end early; either side does so on purpose here."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Sidecar:
    """A server on a free port that answers every request with `answer`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: Answer = reply(200, b"")
        self.server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sidecar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                sidecar.asked.append((self.path, json.loads(body)))
                sidecar.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


@pytest.fixture
def sidecar() -> Iterator[Sidecar]:
    sidecar = Sidecar()
    thread = threading.Thread(target=sidecar.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield sidecar
    sidecar.server.shutdown()
    sidecar.server.server_close()
    thread.join()


def reply(status: int, body: bytes, content_type: str = "application/json") -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-type", content_type)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def stream(*payloads: str, before_each: Callable[[int], object] = bool) -> Answer:
    """A chunked event stream; `before_each` is called with the number of the payload that comes next."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream; charset=utf-8")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for number, payload in enumerate(payloads):
            before_each(number)
            event = f"data: {payload}\n\n".encode()
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            handler.wfile.flush()
        handler.wfile.write(b"0\r\n\r\n")

    return answer


def token(text: str | None) -> str:
    return json.dumps({"choices": [{"delta": {"content": text}}]})


def ask(sidecar: Sidecar, answer: Answer, **options: Any) -> int:
    sidecar.answer = answer
    return chat("Hi", "mock", sidecar.url, **options)


def test_a_streamed_answer(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    usage = json.dumps({"choices": [], "usage": {}})
    assert ask(sidecar, stream(token(None), token("Hel"), token("lo ä"), usage, "[DONE]"), system="Be brief") == 0
    assert capsys.readouterr() == ("Hello ä\n", "")
    said = [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hi"}]
    assert sidecar.asked == [("/v1/chat/completions", {"model": "mock", "messages": said, "stream": True})]


def test_a_whole_answer(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.dumps({"choices": [{"message": {"content": "Hello"}}]}).encode()
    assert ask(sidecar, reply(200, body), stream=False) == 0
    assert capsys.readouterr() == ("Hello\n", "")
    assert sidecar.asked[0][1]["stream"] is False


def test_an_answer_as_json(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    body = {"choices": [{"message": {"content": "Hello"}}], "usage": {"total_tokens": 3}}
    assert ask(sidecar, reply(200, json.dumps(body).encode()), stream=False, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == body
    assert ask(sidecar, reply(404, json.dumps(ERROR).encode()), stream=False, as_json=True) == 1
    assert json.loads(capsys.readouterr().out) == ERROR


def test_the_prompt_from_standard_input(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    sidecar.answer = stream("[DONE]")
    monkeypatch.setattr(sys, "stdin", io.StringIO("from a pipe\n"))
    assert chat("-", "mock", f"{sidecar.url}/prefix/") == 0
    path, request = sidecar.asked[0]
    assert (path, request["messages"]) == (
        "/prefix/v1/chat/completions",
        [{"role": "user", "content": "from a pipe\n"}],
    )


ERROR = {"error": {"message": "no such model", "type": "model_not_found", "param": "model", "code": "model_not_found"}}


@pytest.mark.parametrize(
    ("answer", "out", "err"),
    [
        (reply(404, json.dumps(ERROR).encode()), "", "model_not_found: no such model"),
        (stream(token("Hel"), json.dumps(ERROR)), "Hel\n", "model_not_found: no such model"),
        (stream(token("Hel")), "Hel\n", "provider_stream_cut: the answer ended before it was complete"),
        (
            reply(502, b"<html>", "text/html"),
            "",
            "what answers there (status 502) does not speak OpenAI's chat completions",
        ),
        (reply(200, b"[]"), "", "what answers there (status 200) does not speak OpenAI's chat completions"),
        (reply(200, b"{}"), "", "what answers there (status 200) does not speak OpenAI's chat completions"),
        (reply(404, b'{"error": 5}'), "", "what answers there (status 404) does not speak OpenAI's chat completions"),
        (stream("{broken"), "", "what answers there (status 200) does not speak OpenAI's chat completions"),
        (stream("[1]"), "", "what answers there (status 200) does not speak OpenAI's chat completions"),
    ],
)
def test_what_is_no_answer(
    sidecar: Sidecar, capsys: pytest.CaptureFixture[str], answer: Answer, out: str, err: str
) -> None:
    assert ask(sidecar, answer) == 1
    assert capsys.readouterr() == (out, f"outrider: {err}\n")


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def hang_up_before(number: int) -> None:
    if number == 1:
        raise ConnectionAbortedError


def test_a_connection_that_ends_before_the_answer(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(sidecar, hang_up) == 1
    told = capsys.readouterr().err
    assert told == "outrider: network_error: Remote end closed connection without response\n"


def test_a_connection_that_ends_inside_the_answer(sidecar: Sidecar, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(sidecar, stream(token("Hel"), token("lo"), before_each=hang_up_before)) == 1
    cut = "outrider: provider_stream_cut: the answer ended before it was complete\n"
    assert capsys.readouterr() == ("Hel\n", cut)


def test_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert chat("Hi", "mock", url) == 1
    assert capsys.readouterr().err == f"outrider: nothing answers at {url}; start the sidecar with `outrider serve`\n"


@pytest.mark.parametrize("url", ["localhost:11411", "ftp://h", "http://", "http://h:x", "http://[::1", "http://a b"])
def test_what_is_no_url(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat("Hi", "mock", url) == 2
    assert capsys.readouterr().err == f"outrider: --url {url}: expected http://host:port\n"


# ---- chat as a process


@pytest.fixture
def process(sidecar: Sidecar) -> Iterator[subprocess.Popen[bytes]]:
    """`outrider chat`, with a sidecar that waits for `released` before the second token."""
    released = threading.Event()

    def wait(number: int) -> None:
        if number and not released.wait(20):
            raise ConnectionAbortedError

    sidecar.answer = stream(token("one"), token("two"), "[DONE]", before_each=wait)
    command = [sys.executable, "-m", "proxy", "chat", "Hi", "--url", sidecar.url]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffered) as process:
        process.released = released  # type: ignore[attr-defined]
        yield process
        released.set()
        process.kill()


def read(process: subprocess.Popen[bytes], size: int) -> bytes:
    assert process.stdout is not None
    return process.stdout.read(size)


def rest(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes, int]:
    out, err = process.communicate(timeout=30)
    return out, err, process.returncode


def test_tokens_are_printed_as_they_arrive(process: Any) -> None:
    assert read(process, 3) == b"one"
    process.released.set()
    assert rest(process) == (b"two\n", b"", 0)


def test_ctrl_c_is_quiet(process: Any) -> None:
    assert read(process, 3) == b"one"
    process.send_signal(signal.SIGINT)
    assert rest(process) == (b"\n", b"", 130)


def test_a_reader_that_leaves_is_no_traceback(process: Any) -> None:
    assert read(process, 3) == b"one"
    process.stdout.close()
    process.released.set()
    assert process.wait(30) == 1
    assert process.stderr.read() == b""
