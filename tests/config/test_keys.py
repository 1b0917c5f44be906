"""Which key an entry gets where a directory holds keys, and what is said of one that has none yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config import Config, ConfigError, InPod, awaited, endpoints, fingerprint, load, surroundings

OPENAI = "providers: {openai: {}}"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    return tmp_path / "keys"


def put(directory: Path, **files: str) -> None:
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")


def loaded(tmp_path: Path, text: str | None, **environ: str) -> Config:
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    if text is not None:
        (config / "config.yaml").write_text(text, "utf-8")
    return load(str(config), environ, str(tmp_path / "keys"))


def why(config: Config, name: str) -> str:
    return endpoints(config)[1][name]


# ---- whose a file is


@pytest.mark.parametrize(
    ("files", "key", "origin"),
    [
        ({"openai": "sk-name\n"}, "sk-name", "openai"),
        ({"OPENAI_API_KEY": "sk-variable"}, "sk-variable", "OPENAI_API_KEY"),
        ({"openai": "sk-name", "OPENAI_API_KEY": "sk-variable"}, "sk-name", "openai"),
        ({"openai": " \n", "OPENAI_API_KEY": "sk-variable"}, "sk-variable", "OPENAI_API_KEY"),
    ],
)
def test_a_file_is_an_entrys_by_its_name_or_by_the_usual_variables(
    tmp_path: Path, keys: Path, files: dict[str, str], key: str, origin: str
) -> None:
    put(keys, **files)
    config = loaded(tmp_path, OPENAI, OPENAI_API_KEY="sk-environment")
    found = config.providers["openai"].api_key
    assert found is not None
    assert (found.value, found.origin, found.file) == (key, f"file {keys / origin}", keys / origin)
    assert endpoints(config)[0]["openai"].key == key


def test_an_entry_of_another_name(tmp_path: Path, keys: Path) -> None:
    put(keys, team="sk-team", openai="sk-other")
    on, _ = endpoints(loaded(tmp_path, "providers: {team: {kind: openai}, openai: {}}"))
    assert (on["team"].key, on["openai"].key) == ("sk-team", "sk-other")


def test_what_the_entry_names_comes_first_and_the_environment_last(tmp_path: Path, keys: Path) -> None:
    put(keys, openai="sk-file")
    on, _ = endpoints(loaded(tmp_path, "providers: {openai: {api_key: sk-here}, groq: {}}", GROQ_API_KEY="gsk"))
    assert (on["openai"].key, on["groq"].key) == ("sk-here", "gsk")


def test_a_server_that_needs_no_key_takes_one(tmp_path: Path, keys: Path) -> None:
    text = "providers: {local: {kind: openai_compatible, base_url: 'http://v/v1'}}"
    assert endpoints(loaded(tmp_path, text))[0]["local"].key is None
    put(keys, local="token")
    assert endpoints(loaded(tmp_path, text))[0]["local"].key == "token"


def test_a_file_that_is_no_key_is_a_fault_that_names_it(tmp_path: Path, keys: Path) -> None:
    put(keys, openai="s3cr3t\nand more")
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, OPENAI)
    assert str(caught.value).startswith(f"{keys / 'openai'} is ****")


def test_files_stand_for_variables(tmp_path: Path, keys: Path) -> None:
    put(keys, AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="AKIA", TEAM_KEY="sk-team", OUTRIDER_PORT="5")
    config = loaded(tmp_path, "providers: {bedrock: {}, openai: {api_key: {env: TEAM_KEY}}}")
    on, _ = endpoints(config)
    assert (on["bedrock"].options["region"], on["openai"].key) == ("eu-west-1", "sk-team")
    around = surroundings(config, {"AWS_REGION": "us", "HOME": "/h"})
    assert (around["AWS_REGION"], around["AWS_ACCESS_KEY_ID"], around["HOME"]) == ("eu-west-1", "AKIA", "/h")
    assert config.listen.port == 11411
    assert "AKIA" not in f"{config!r}"


def test_a_cloud_is_on_by_a_file_that_has_its_name(tmp_path: Path, keys: Path) -> None:
    put(keys, bedrock="absk", AWS_REGION="eu-west-1")
    assert endpoints(loaded(tmp_path, None))[0]["bedrock"].key == "absk"


# ---- what is not there yet


def test_nothing_is_there_yet(tmp_path: Path, keys: Path) -> None:
    config = loaded(tmp_path, None)
    assert isinstance(config, InPod)
    assert config.no_file == f"no configuration: {tmp_path / 'config'} is empty (is the ConfigMap there?)"
    assert config.no_keys == f"no keys: {keys} is empty (is the Secret there?)"
    assert why(config, "openai") == f"no key for openai: {keys} is empty (is the Secret there?)"
    on, off = endpoints(config)
    assert set(on) == {"mock", "mock-openai", "mock-anthropic", "mock-vllm"}
    assert {"openai", "anthropic", "bedrock"} <= awaited(config, off)


def test_other_files_are_there(tmp_path: Path, keys: Path) -> None:
    put(keys, groq="gsk")
    config = loaded(tmp_path, "providers: {openai: {}, groq: {}, anthropic: {}}")
    assert isinstance(config, InPod)
    assert (config.no_file, config.no_keys, config.listed) == ("", "", ("openai", "groq", "anthropic"))
    assert why(config, "openai") == f"no key for openai: {keys} holds no file openai or OPENAI_API_KEY"
    put(keys, anthropic=" ")
    config = loaded(tmp_path, None)
    assert why(config, "anthropic") == f"no key for anthropic: {keys / 'anthropic'} is empty"
    assert awaited(config, endpoints(config)[1]) == {"openai", "anthropic"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{file: %s/gone}", "%s/gone is not there (is the Secret there?)"),
        ("{file: %s/blank}", "%s/blank is empty"),
        ("{env: GONE}", "GONE is not set, nor is there such a file in %s"),
    ],
)
def test_a_key_that_is_named_may_come(tmp_path: Path, keys: Path, written: str, told: str) -> None:
    put(keys, blank="\n")
    written, told = written.replace("%s", str(keys)), told.replace("%s", str(keys))
    config = loaded(tmp_path, f"providers: {{openai: {{api_key: {written}}}}}")
    assert why(config, "openai") == f"no key for openai: {told}"
    assert awaited(config, endpoints(config)[1]) == {"openai"}


def test_of_several_keys_those_that_are_there_are_used(tmp_path: Path, keys: Path) -> None:
    text = f"providers: {{openai: {{api_keys: [{{file: {keys}/a}}, {{file: {keys}/b}}]}}}}"
    config = loaded(tmp_path, text)
    assert why(config, "openai") == f"no key for openai: {keys}/a is not there (is the Secret there?)"
    put(keys, b="sk-b")
    config = loaded(tmp_path, text)
    assert endpoints(config)[0]["openai"].keys == ("sk-b",)
    assert isinstance(config, InPod)
    assert config.waits_for == (f"{keys}/a",)


def test_a_password_that_is_not_there_yet_is_none(tmp_path: Path, keys: Path) -> None:
    text = f"sharing: {{redis: 'redis://h/0', password: {{file: {keys}/redis}}}}"
    config = loaded(tmp_path, text)
    assert isinstance(config, InPod)
    assert config.sharing is not None
    assert (config.sharing.password, config.waits_for) == (None, (f"{keys}/redis",))
    assert config.missing[1] == f"no sharing.password: {keys}/redis is not there (is the Secret there?)"
    put(keys, redis="pw-1")
    config = loaded(tmp_path, text)
    assert isinstance(config, InPod)
    assert config.sharing is not None
    assert config.sharing.password is not None
    assert (config.sharing.password.value, config.missing) == ("pw-1", ())


def test_beside_a_mounted_configuration_a_key_may_come_too(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("providers: {openai: {api_key: {file: elsewhere/key}}}", "utf-8")
    config = load(str(tmp_path), {})
    assert why(config, "openai").startswith(f"no key for openai: {tmp_path}/elsewhere/key is not there")


def test_on_a_laptop_it_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("providers: {openai: {api_key: {file: key}}}", "utf-8")
    with pytest.raises(ConfigError, match=r"providers\.openai\.api_key\.file is 'key' \(No such file or directory\)"):
        load(str(file), {})
    file.write_text(OPENAI, "utf-8")
    config = load(str(file), {})
    assert why(config, "openai") == "no key: set OPENAI_API_KEY or providers.openai.api_key in the configuration file"
    assert awaited(config, endpoints(config)[1]) == set()


def test_the_fingerprint_follows_what_comes(tmp_path: Path, keys: Path) -> None:
    seen = [fingerprint(loaded(tmp_path, None)), fingerprint(loaded(tmp_path, None))]
    assert seen[0] == seen[1]
    for name, text in (("openai", "sk-1"), ("openai", "sk-2"), ("AWS_ACCESS_KEY_ID", "AKIA")):
        put(keys, **{name: text})
        seen.append(fingerprint(loaded(tmp_path, None)))
    assert len(set(seen)) == 4
