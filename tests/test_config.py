"""What the sections mean together: which providers are on, whose key it is, what an alias may name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxy.config import Config, ConfigError, aliases, endpoints, fingerprint, load, schema
from proxy.config.values import Delay
from proxy.providers import all_providers

DOCUMENT = Path(__file__).parent.parent / "docs" / "config.md"


def load_text(directory: Path, text: str, **environ: str) -> Config:
    (directory / "config.yaml").write_text(text, "utf-8")
    return load(str(directory / "config.yaml"), environ)


def faults(directory: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(directory, text, **environ)
    return [str(fault) for fault in caught.value.every]


#: On whatever is configured.
MOCKS = {"mock", "mock-anthropic", "mock-openai", "mock-vllm"}


def states(config: Config) -> tuple[set[str], set[str]]:
    on, off = endpoints(config)
    assert {name for name, endpoint in on.items() if endpoint.name == name} == on.keys()
    return set(on), set(off)


# ---- which providers are on


def test_without_a_file_and_without_keys_the_mock_is_on() -> None:
    on, off = states(load(None, {}))
    assert on == MOCKS
    assert off == {
        kind
        for kind, known in all_providers().items()
        if known.base_url and known.implied and (known.key_required or known.cloud)
    }


def test_without_a_file_every_provider_with_a_key_is_on() -> None:
    config = load(None, {"OPENAI_API_KEY": "sk-o", "ANTHROPIC_API_KEY": " sk-a\n", "GROQ_API_KEY": ""})
    on, off = endpoints(config)
    assert {name: endpoint.key for name, endpoint in on.items()} == {
        "openai": "sk-o",
        "anthropic": "sk-a",
        **dict.fromkeys(MOCKS),
    }
    assert off["groq"] == "no key: set GROQ_API_KEY or providers.groq.api_key in the configuration file"


def test_a_cloud_that_nothing_speaks_of_is_off_and_says_what_would_turn_it_on() -> None:
    where = {"AWS_REGION": "eu-west-1"}
    _, off = endpoints(load(None, where))
    assert off["bedrock"].startswith("no credentials: set AWS_BEARER_TOKEN_BEDROCK or AWS_ACCESS_KEY_ID or ")
    assert "set AWS_REGION or AWS_DEFAULT_REGION or" in endpoints(load(None, {}))[1]["bedrock"]
    on, _ = endpoints(load(None, where | {"AWS_BEARER_TOKEN_BEDROCK": "key"}))
    assert on["bedrock"].key == "key"
    on, _ = endpoints(load(None, where | {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}))
    assert on["bedrock"].key is None


def test_a_mock_of_a_provider_needs_no_kind_and_is_as_fast_as_the_first(tmp_path: Path) -> None:
    text = "providers: {mock: {mock: {first_token_ms: 1, inter_token_ms: 2}}, mock-vllm: {mock: {first_token_ms: 3}}}"
    providers = load_text(tmp_path, text).providers
    assert {name: providers[name].kind for name in MOCKS} == {name: name.replace("-", "_") for name in MOCKS}
    assert providers["mock-anthropic"].mock == providers["mock"].mock
    assert [providers[name].mock.first_token_ms.low for name in ("mock", "mock-vllm")] == [1, 3]  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "listen: {port: 1}\n", "providers:\n"])
def test_a_file_without_providers_is_as_no_file(tmp_path: Path, text: str) -> None:
    assert states(load_text(tmp_path, text, OPENAI_API_KEY="sk-o")) == states(load(None, {"OPENAI_API_KEY": "sk-o"}))


@pytest.mark.parametrize(
    ("text", "on", "off"),
    [
        ("providers: {}", MOCKS, set()),
        ("providers: {openai: {}}", {"openai", *MOCKS}, set()),
        ("providers: {openai: }", {"openai", *MOCKS}, set()),
        ("providers: {groq: {}, mock: {}}", MOCKS, {"groq"}),
        ("providers: {vllm: {kind: openai_compatible, base_url: 'http://v'}}", {"vllm", *MOCKS}, set()),
    ],
)
def test_those_listed_are_on_and_always_the_mock(tmp_path: Path, text: str, on: set[str], off: set[str]) -> None:
    environ = {"OPENAI_API_KEY": "sk-o", "ANTHROPIC_API_KEY": "sk-a"}
    assert states(load_text(tmp_path, text, **environ)) == (on, off)


def test_an_entry_becomes_an_endpoint(tmp_path: Path) -> None:
    text = """
    providers:
      claude:
        kind: anthropic
        api_key: {file: keys/a}
        base_url: https://proxy.example/
        headers: {X-Team: blue}
    """
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "a").write_text("sk-ant\n", "utf-8")
    claude = endpoints(load_text(tmp_path, text, ANTHROPIC_API_KEY="sk-other"))[0]["claude"]
    assert (claude.name, claude.kind, claude.key) == ("claude", "anthropic", "sk-ant")
    assert (claude.base_url, claude.headers) == ("https://proxy.example", {"x-team": "blue"})
    assert claude.provider is all_providers()["anthropic"]


def test_a_key_file_is_found_beside_a_mounted_configuration(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    (mount / "..1").mkdir(parents=True)
    (mount / "..data").symlink_to("..1")
    for name, text in {"config.yaml": "providers: {openai: {api_key: {file: key}}}", "key": "sk-mounted"}.items():
        (mount / "..1" / name).write_text(text, "utf-8")
        (mount / name).symlink_to(f"..data/{name}")
    assert endpoints(load(None, {"OUTRIDER_CONFIG": str(mount)}))[0]["openai"].key == "sk-mounted"


def test_what_is_not_written_is_inherited(tmp_path: Path) -> None:
    text = """
    timeouts: {idle: 7, connect: 2}
    pool: {idle: 3}
    providers: {mock: {timeouts: {idle: 60}, pool: {queue: 0}}}
    """
    config = load_text(tmp_path, text)
    mock = config.providers["mock"]
    assert (mock.timeouts.idle, mock.timeouts.connect, mock.timeouts.total) == (60, 2, 600)
    assert (mock.pool.idle, mock.pool.queue, mock.pool.connections) == (3, 0, 100)


def test_the_delays_of_the_mock(tmp_path: Path) -> None:
    mock = load(None, {}).providers["mock"].mock
    assert mock is not None
    assert (mock.first_token_ms, mock.inter_token_ms) == (Delay(100, 200), Delay(20, 20))
    text = "providers: {fake: {kind: mock, mock: {first_token_ms: 0, inter_token_ms: [1, 2]}}}"
    config = load_text(tmp_path, text)
    fake = config.providers["fake"].mock
    assert fake is not None
    assert (fake.first_token_ms, fake.inter_token_ms) == (Delay(0, 0), Delay(1, 2))
    assert config.providers["mock"].mock == mock


# ---- the rest of the file, and the environment


def test_the_example_of_the_document_loads(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(listen:.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "anthropic").write_text("sk-ant", "utf-8")
    config = load_text(tmp_path, text, OPENAI_API_KEY="sk-o")
    assert states(config) == ({"openai", "claude", "local", *MOCKS}, set())
    assert aliases(config) == {"fast": (("openai", "gpt-4o-mini", 1.0, frozenset()),)}
    assert config.providers["local"].timeouts.first_byte == 300


def test_sizes_and_defaults(tmp_path: Path) -> None:
    config = load_text(tmp_path, "listen: {body_limit: 1Gi, header_limit: 16384}")
    assert (config.listen.body_limit, config.listen.header_limit) == (1 << 30, 16384)
    assert load_text(tmp_path, "") == load(None, {})


def test_the_environment_overrides_three_keys(tmp_path: Path) -> None:
    environ = {"OUTRIDER_PORT": "1", "OUTRIDER_OPS_PORT": "2", "OUTRIDER_LOG_LEVEL": "debug"}
    config = load_text(tmp_path, "{listen: {port: 5, body_limit: 1}, logging: {format: console}}", **environ)
    assert (config.listen.port, config.ops.port, config.logging.level) == (1, 2, "debug")
    assert (config.listen.body_limit, config.logging.format) == (1, "console")
    assert load_text(tmp_path, "listen: {port: 5}", OUTRIDER_PORT="").listen.port == 5


# ---- faults, in exact words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "providers: {claude: {kind: anthropic, base_url: 'ftp://x'}}",
            "providers.claude.base_url is 'ftp://x'; allowed:"
            " http:// or https:// and a host; no credentials, query, fragment",
        ),
        (
            "listen: {prot: 1}",
            "listen.prot is an unknown key; allowed: body_limit, header_limit, hosts, port, tls, tokens (did you mean port?)",
        ),
        ("listen: {port: 65536}", "listen.port is 65536; allowed: a port, 0 to 65535 (0: any free one)"),
        ("listen: {hosts: []}", "listen.hosts is a list of 0; allowed: a list of at least one host"),
        (
            "ops: {hosts: ['[::1]']}",
            "ops.hosts[0] is '[::1]'; allowed: an IP address or a host name, without a port",
        ),
        ("ops: {local_only: 1}", "ops.local_only is 1; allowed: true or false"),
        ("ops: {port: 11411}", "ops.port is 11411, as listen.port is; allowed: another port"),
        ("timeouts: {idle: 0}", "timeouts.idle is 0; allowed: seconds, above 0 and at most 86400"),
        ("timeouts: {idle: .inf}", "timeouts.idle is inf; allowed: seconds, above 0 and at most 86400"),
        ("timeouts: {idle: .nan}", "timeouts.idle is nan; allowed: seconds, above 0 and at most 86400"),
        ("pool: {connections: 0}", "pool.connections is 0; allowed: a whole number, 1 to 1000000"),
        ("pool: {queue: -1}", "pool.queue is -1; allowed: a whole number, 0 to 1000000"),
        ("drain: {grace: -1}", "drain.grace is -1; allowed: seconds, 0 to 86400"),
        ("unsupported: warm", "unsupported is 'warm'; allowed: auto, reject, drop, warn (did you mean warn?)"),
        (
            "logging: {level: warn}",
            "logging.level is 'warn'; allowed: debug, info, warning, error (did you mean warning?)",
        ),
        (
            "providers: {anthropc: {}}",
            f"providers.anthropc.kind is 'anthropc'; allowed: {', '.join(all_providers())} (did you mean anthropic?)",
        ),
        (
            "providers: {'a:b': {kind: mock}}",
            "providers.**** is no such name; allowed: a string of at most 32 letters, digits, `_`, `.` and `-`",
        ),
        ("providers: {openai: sk-1}", "providers.openai is a scalar; allowed: a mapping"),
        (
            "providers: {v: {kind: openai_compatible}}",
            "providers.v.base_url is missing; allowed: an address (kind openai_compatible has none of its own)",
        ),
        (
            "providers: {openai: {mock: {}}}",
            "providers.openai.mock is an unknown key; allowed: this section only where the provider is an embedded mock",
        ),
        (
            "providers: {mock: {headers: {Content-Length: '1'}}}",
            "providers.mock.headers.Content-Length is no such name; allowed:"
            " a header name, and none that frames or routes the message",
        ),
        (
            "providers: {mock: {headers: {x-a: '1', X-A: '2'}}}",
            "providers.mock.headers.X-A is given twice; allowed: each header once, whatever its case",
        ),
        (
            "providers: {openai: {api_key: {env: NOPE}}}",
            "providers.openai.api_key.env is 'NOPE' (not set);"
            " allowed: the name of an environment variable that is set",
        ),
        (
            "providers: {openai: {api_key: {file: keys/none}}}",
            "providers.openai.api_key.file is 'keys/none' (No such file or directory);"
            " allowed: a file that can be read and holds the key",
        ),
        (
            "{providers: {openai: {}}, models: [{model: fast, targets: [{provider: mok, model: mock}]}]}",
            "models[0].targets[0].provider is 'mok';"
            " allowed: openai, mock, mock-anthropic, mock-openai, mock-vllm (did you mean mock?)",
        ),
        (
            "models: [{model: fast, targets: []}]",
            "models[0].targets is a list of 0; allowed: a list of at least one target",
        ),
        (
            "model_limits: cut",
            "model_limits is 'cut'; allowed: reject, clamp, ignore",
        ),
        (
            "{providers: {}, catalog: [{provider: mok, model: a, context_window: 5}]}",
            "catalog[0].provider is 'mok'; allowed: mock, mock-anthropic, mock-openai, mock-vllm (did you mean mock?)",
        ),
        (
            "models: [{targets: [{provider: mock, model: a}]}]",
            "models[0].model is missing; allowed: a name of 1 to 200 characters",
        ),
        (
            "models: [{model: a, targets: [&t {provider: mock, model: x}]}, {model: a, targets: [*t]}]",
            "models[1].model is 'a' again; allowed: each alias once",
        ),
        ("[]", "the configuration is a list of 0; allowed: a mapping"),
    ],
)
def test_a_fault_in_exact_words(tmp_path: Path, text: str, expected: str) -> None:
    assert faults(tmp_path, text) == [expected]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("OUTRIDER_PORT", "http", "OUTRIDER_PORT is 'http'; allowed: a port, 0 to 65535 (0: any free one)"),
        ("OUTRIDER_OPS_PORT", "-1", "OUTRIDER_OPS_PORT is '-1'; allowed: a port, 0 to 65535 (0: any free one)"),
        ("OUTRIDER_OPS_PORT", "11411", "ops.port is 11411, as listen.port is; allowed: another port"),
        ("OUTRIDER_LOG_LEVEL", "loud", "OUTRIDER_LOG_LEVEL is 'loud'; allowed: debug, info, warning, error"),
        (
            "OPENAI_API_KEY",
            "sk-a\nb",
            "OPENAI_API_KEY is **** (too long, or it holds a space, a line break or the like);"
            " allowed: a key of visible ASCII characters",
        ),
    ],
)
def test_a_fault_of_the_environment(tmp_path: Path, variable: str, value: str, expected: str) -> None:
    assert faults(tmp_path, "", **{variable: value}) == [expected]


def test_faults_are_reported_together(tmp_path: Path) -> None:
    found = faults(tmp_path, "{listen: {port: x}, timeouts: {idle: 0}, providers: {a: {bad: 1}}}")
    assert [text.split(" is ")[0] for text in found] == ["listen.port", "providers.a.bad", "timeouts.idle"]
    found = faults(tmp_path, "{providers: {a: {}, b: {}}}")
    assert [text.split(" is ")[0] for text in found] == ["providers.a.kind", "providers.b.kind"]


#: Where someone may put a key, rightly or in error; each of them is a fault.
MISPLACED = [
    "providers: {openai: {api_key: %s, bad: 1}}",
    "providers: {openai: {api_key: [%s]}}",
    "providers: {openai: {api_key: {env: %s}}}",
    "providers: {openai: {api_key: {value: %s}}}",
    "providers: {openai: {api_key: {%s}}}",
    "providers: {openai: {api_key:%s}}",
    "providers: {openai: %s}",
    "providers: {openai:%s}",
    "providers: {openai: {headers: {authorization: %s, host: x}}}",
    "providers: {openai: {headers: [%s]}}",
    "providers: {openai: {base_url: 'https://u:%s@h'}}",
    "providers: {openai: {base_url: 'https://h?key=%s'}}",
    "providers: {openai: {key: %s}}",
    "providers: {openai: {api_key: *%s}}",
    "providers: {openai: {api_key: !%s x}}",
    "providers: {openai: {api_key: %s}, openai: {api_key: %s}}",
    "%s",
    "[%s",
]


@pytest.mark.parametrize("text", MISPLACED)
@given(tail=st.text("abcxyzABCXYZ0189-_", min_size=8, max_size=60))
def test_no_fault_says_the_key(tmp_path_factory: pytest.TempPathFactory, text: str, tail: str) -> None:
    directory = tmp_path_factory.getbasetemp()
    assert "s3cr3t" not in "".join(faults(directory, text.replace("%s", f"sk-s3cr3t-{tail}")))


def test_a_loaded_configuration_prints_no_key(tmp_path: Path) -> None:
    config = load_text(
        tmp_path,
        "providers: {mock: {headers: {authorization: s3cr3t}}, openai: {api_key: s3cr3t}}",
        GROQ_API_KEY="s3cr3t",
    )
    assert "s3cr3t" not in f"{config!r} {config} {endpoints(load(None, {'OPENAI_API_KEY': 's3cr3t'}))}"


# ---- fingerprint and schema


def test_the_fingerprint_follows_what_is_meant(tmp_path: Path) -> None:
    def of(text: str, **environ: str) -> str:
        return fingerprint(load_text(tmp_path, text, **environ))

    (tmp_path / "key").write_text("sk-1\n", "utf-8")
    same = {
        of("providers: {openai: {api_key: sk-1}, groq: {}}"),
        of("# words\nproviders:\n  groq: {}\n  openai:\n    api_key: {file: key}\n"),
        of("providers: {groq: {}, openai: {api_key: {env: K}}}", K="sk-1"),
        of("{listen: {body_limit: 67108864}, providers: {openai: {}, groq: {}}}", OPENAI_API_KEY="sk-1"),
    }
    assert len(same) == 1
    assert re.fullmatch("[0-9a-f]{12}", next(iter(same)))
    others = {
        of("providers: {openai: {api_key: sk-2}, groq: {}}"),
        of("providers: {openai: {api_key: sk-1}}"),
        of("{listen: {port: 1}, providers: {openai: {api_key: sk-1}, groq: {}}}"),
        of("providers: {openai: {api_key: sk-1, headers: {x-a: b}}, groq: {}}"),
        of("providers: {openai: {api_key: sk-1, headers: {x-a: c}}, groq: {}}"),
    }
    assert len(others | same) == 6


def test_without_secrets_another_key_is_the_same_configuration() -> None:
    one, other, none = (load(None, environ) for environ in ({"OPENAI_API_KEY": "1"}, {"OPENAI_API_KEY": "2"}, {}))
    assert fingerprint(one, secrets=False) == fingerprint(other, secrets=False) != fingerprint(none, secrets=False)
    assert fingerprint(one) != fingerprint(other)


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    source = "from proxy.config import *; print(fingerprint(load(None, {'OPENAI_API_KEY': 'sk-1'})))"
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=30)
    assert run.stdout.strip() == fingerprint(load(None, {"OPENAI_API_KEY": "sk-1"}))


def definition(name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema()["$defs"][name]
    assert found["additionalProperties"] is False
    return found


def test_the_schema_says_how_values_are_written() -> None:
    text = json.dumps(schema())
    assert "x-written" not in text
    listen = definition("Listen")["properties"]
    assert listen["body_limit"]["type"] == ["integer", "string"]
    assert listen["body_limit"]["default"] == 64 << 20
    assert listen["port"] == {
        "description": "Port to listen on.",
        "type": "integer",
        "minimum": 0,
        "maximum": 65535,
        "default": 11411,
    }
    key = definition("ProviderEntry")["properties"]["api_key"]["anyOf"]
    assert {"type": "null"} in key
    assert {"env", "file"} == key[0]["anyOf"][1]["properties"].keys()
    targets = definition("Alias")["properties"]["targets"]
    assert targets["minItems"] == 1
    assert definition("Alias")["required"] == ["model", "targets"]


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    text = json.dumps(schema())
    names = set(re.findall(r'"#/\$defs/(\w+)"', text))
    assert names == schema()["$defs"].keys()


def test_the_schema_has_a_place_for_every_key_of_the_example() -> None:
    (text,) = re.findall(r"```yaml\n(listen:.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    document = yaml.safe_load(text)
    assert document.keys() <= definition("Config")["properties"].keys()
    assert document["providers"]["local"].keys() <= definition("ProviderEntry")["properties"].keys()


# ---- import time


@pytest.mark.parametrize("environ", [{}, {"OPENAI_API_KEY": "sk-1"}])
def test_without_a_file_yaml_is_not_imported(environ: dict[str, str]) -> None:
    source = f"import sys; from proxy.config import load; load(None, {environ}); print('yaml' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=30)
    assert run.stdout.strip() == "False"
