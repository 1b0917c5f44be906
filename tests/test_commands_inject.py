"""`outrider inject`, as it is called: files and standard input, what is printed, what is told, how it exits."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.__main__ import main
from proxy.injector.template import packaged
from tests.injector.golden import at, status_of

DEPLOYMENT = """\
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {outrider.dev/inject: "true"}}
    spec:
      containers:
      - name: app
        image: registry.example/app:1
        args: ["yes", "0755"]
"""
SERVICE = "apiVersion: v1\nkind: Service   # stays\nmetadata: {name: web}\n"
SILENT = DEPLOYMENT.replace('{labels: {outrider.dev/inject: "true"}}', "{}")


class Input(io.TextIOWrapper):
    """Standard input that is no terminal."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), "utf-8")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs it over texts, each a file of its own: the exit code, what it prints, what it tells."""
    monkeypatch.chdir(tmp_path)

    def run(*texts: str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        files = []
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.yaml").write_bytes(text.encode())
            files += ["-f", f"{number}.yaml"]
        code = main(["inject", *files, *options])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_what_asks_is_injected_and_the_rest_comes_as_it_came(run: Any) -> None:
    code, out, err = run(f"{DEPLOYMENT}---\n{SERVICE}")
    assert (code, err) == (0, "")
    assert out.startswith("# Source: web/templates/deployment.yaml\napiVersion: apps/v1\n")
    assert out.endswith(f"---\n{SERVICE}")
    assert 'args: ["yes", "0755"]' in out
    deployment, service = yaml.safe_load_all(out)
    assert service == yaml.safe_load(SERVICE)
    pod = deployment["spec"]["template"]
    assert at(pod, "spec.initContainers.*.name") == ["outrider"]
    assert at(pod, "spec.initContainers.outrider.env.POD_WORKLOAD.value") == "web"
    assert status_of(pod)["mode"] == "command"


def test_twice_is_byte_for_byte_the_same(run: Any) -> None:
    _, once, _ = run(DEPLOYMENT)
    assert run(once) == (0, once, "")


def test_standard_input_is_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run: Any
) -> None:
    _, expected, _ = run(DEPLOYMENT)
    for arguments in (["inject"], ["inject", "-f", "-"]):
        monkeypatch.setattr(sys, "stdin", Input(DEPLOYMENT.encode()))
        assert main(arguments) == 0
        assert capsys.readouterr().out == expected


def test_a_terminal_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Input(b"")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert main(["inject"]) == 2
    assert capsys.readouterr().err == "outrider: -f FILE is needed, or manifests on standard input\n"


def test_several_files_are_one_stream(run: Any) -> None:
    code, out, _ = run(SERVICE.rstrip("\n"), DEPLOYMENT, f"---\n{SERVICE}")
    assert code == 0
    assert [document["kind"] for document in yaml.safe_load_all(out)] == ["Service", "Deployment", "Service"]
    assert out.count("---\n") == 2


def test_who_does_not_ask_is_left_alone_unless_all_are_meant(run: Any) -> None:
    code, out, err = run(SILENT)
    assert (code, out) == (0, SILENT)
    assert (
        err
        == 'outrider: no pod was injected: they ask for it by the label outrider.dev/inject: "true", or --all does for them\n'
    )
    code, out, err = run(SILENT, options=("--all",))
    assert (code, err) == (0, "")
    assert "initContainers" in out
    no = DEPLOYMENT.replace('"true"', '"false"')
    assert run(no, options=("--all",))[1] == no


def test_json_for_whoever_wants_it(run: Any) -> None:
    code, out, _ = run(f"{DEPLOYMENT}---\n# nothing\n---\nmode: 0755\nsize: 1e3\non: y\n", options=("-o", "json"))
    assert code == 0
    decoder, objects = json.JSONDecoder(), []
    while out.strip():
        found, end = decoder.raw_decode(out.lstrip())
        objects.append(found)
        out = out.lstrip()[end:]
    assert objects[0]["spec"]["template"]["spec"]["initContainers"][0]["name"] == "outrider"
    assert objects[1:] == [{"mode": 493, "size": 1000.0, "true": True}]


def test_json_is_taken(run: Any) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "a", "image": "\U0001f600"}]},
    }
    code, out, _ = run(json.dumps(pod, indent="\t"), options=("--all",))
    assert code == 0
    assert yaml.safe_load(out)["spec"]["containers"][0]["image"] == "\U0001f600"


@pytest.mark.parametrize(
    ("options", "container", "words"),
    [
        ((), "initContainers", '"native":true'),
        (("--server-version", "1.31"), "containers", '"native":false'),
        (("--server-version", "v1.33.2-gke.1"), "initContainers", '"native":true'),
        (("--server-version", "1.31", "--native"), "initContainers", '"native":true'),
        (("--classic",), "containers", '"native":false'),
    ],
)
def test_native_or_not(run: Any, options: tuple[str, ...], container: str, words: str) -> None:
    code, out, _ = run(DEPLOYMENT, options=options)
    assert code == 0
    assert at(yaml.safe_load(out), f"spec.template.spec.{container}.outrider.name") == "outrider"
    assert words in out


def test_another_template(run: Any, tmp_path: Path) -> None:
    template = packaged()
    template["container"]["image"] = "registry.example/o:9"
    (tmp_path / "t.json").write_text(json.dumps(template), "utf-8")
    code, out, _ = run(DEPLOYMENT, options=("--template", "t.json"))
    assert (code, "registry.example/o:9" in out) == (0, True)


def test_the_config_map_of_the_chart_is_a_template_too(run: Any, tmp_path: Path) -> None:
    template = packaged()
    template["container"]["image"] = "registry.example/o:9"
    rendered = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"template.json": json.dumps(template, indent=2)}}
    (tmp_path / "t.yaml").write_text(f"---\n# Source: x\n{yaml.safe_dump(rendered)}", "utf-8")
    code, out, _ = run(DEPLOYMENT, options=("--template", "t.yaml"))
    assert (code, "registry.example/o:9" in out) == (0, True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "--template t.json: No such file or directory"),
        ("{}", "--template t.json: apiVersion is None"),
        ("[", "--template t.json: the template is not valid JSON"),
        ("a: 1", "--template t.json: the template is not valid JSON"),
        ("a: [", "--template t.json: not valid YAML"),
    ],
)
def test_a_template_that_cannot_be_used(run: Any, tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "t.json").write_text(content, "utf-8")
    code, out, err = run(DEPLOYMENT, options=("--template", "t.json"))
    assert (code, out) == (2, "")
    assert err.startswith(f"outrider: {told}")


def test_a_refusal_names_document_object_and_field_and_nothing_is_printed(run: Any) -> None:
    bad = DEPLOYMENT.replace("metadata: {labels", "metadata: {annotations: {outrider.dev/port: '1'}, labels")
    code, out, err = run(f"{SERVICE}---\n{DEPLOYMENT}---\n{bad}---\na: [\n")
    assert (code, out) == (2, "")
    first, second = err.splitlines()
    where = "document 3, Deployment web, spec.template"
    told = "annotation outrider.dev/port is '1'; allowed: a port, 1024 to 65535 (see docs/injection.md)"
    assert first == f"outrider: {where}: {told}"
    assert second.startswith("outrider: document 4: not valid YAML, line ")


def test_with_several_files_the_file_is_named_too(run: Any) -> None:
    assert run(SERVICE, "a: [")[2].startswith("outrider: 1.yaml, document 1: not valid YAML")


def test_warnings_and_skips_go_to_standard_error(run: Any) -> None:
    text = DEPLOYMENT.replace("containers:", "shareProcessNamespace: true\n      containers:")
    code, out, err = run(text)
    assert (code, "initContainers" in out) == (0, True)
    assert err.startswith("outrider: document 1, Deployment web, spec.template: shareProcessNamespace: ")
    code, out, err = run(DEPLOYMENT.replace("containers:", "hostNetwork: true\n      containers:"))
    assert (code, "initContainers" in out) == (0, False)
    assert "document 1, Deployment web, spec.template: not injected: it has hostNetwork" in err


def test_the_namespace(run: Any) -> None:
    assert "the namespace kube-system is excluded" in run(DEPLOYMENT, options=("--namespace", "kube-system"))[2]


def test_names_from_outside_cannot_move_the_cursor(run: Any) -> None:
    _, _, err = run(
        DEPLOYMENT.replace("name: web", 'name: "w\\e[2Jeb"').replace(
            "containers:", "hostNetwork: true\n      containers:"
        )
    )
    assert "\x1b" not in err
    assert "w\\x1b[2Jeb" in err


@pytest.mark.parametrize(
    ("file", "told"), [("absent", "absent: No such file or directory"), (".", ".: Is a directory")]
)
def test_a_file_that_cannot_be_read(run: Any, file: str, told: str) -> None:
    assert run(options=("-f", file)) == (2, "", f"outrider: {told}\n")


def test_what_is_not_utf_8(run: Any, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    assert run(options=("-f", "x")) == (2, "", "outrider: x: not UTF-8\n")


def test_nothing_in_and_nothing_out(run: Any) -> None:
    assert run("") == (0, "", "")


def test_in_a_pipeline() -> None:
    command = [sys.executable, "-P", "-m", "proxy", "inject"]
    done = subprocess.run(command, input=DEPLOYMENT.encode(), capture_output=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"name: outrider\n" in done.stdout
