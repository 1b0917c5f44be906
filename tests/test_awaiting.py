"""What may yet come is a 503 that says what is missing; what will not come is a 404 as ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.awaiting import RETRY_AFTER, AwaitingRouter, tell_awaited
from proxy.call import Failure
from proxy.config import Config, InPod, aliases, awaited, endpoints, load
from proxy.routing import Router

TEXT = """
providers: {openai: {}, groq: {}, team: {kind: anthropic}}
models:
- {model: fast, targets: [{provider: openai, model: gpt-x}]}
- {model: either, targets: [{provider: openai, model: gpt-x}, {provider: groq, model: llama}]}
"""


def config_of(tmp_path: Path, text: str | None, **keys: str) -> InPod:
    for name in ("config", "keys"):
        (tmp_path / name).mkdir()
    if text is not None:
        (tmp_path / "config" / "config.yaml").write_text(text, "utf-8")
    for name, key in keys.items():
        (tmp_path / "keys" / name).write_text(key, "utf-8")
    found = load(str(tmp_path / "config"), {}, str(tmp_path / "keys"))
    assert isinstance(found, InPod)
    return found


def router(config: InPod) -> Router:
    on, off = endpoints(config)
    return AwaitingRouter(on, off, aliases(config), awaited=awaited(config, off), no_file=config.no_file)


def refusal(router: Router, model: str) -> Failure:
    with pytest.raises(Failure) as caught:
        router.resolve(model)
    return caught.value


@pytest.mark.parametrize("model", ["gpt-4o", "openai:anything", "openai/anything", "fast", "team:claude"])
def test_a_model_of_a_provider_that_waits_for_its_key(model: str, tmp_path: Path) -> None:
    found = refusal(router(config_of(tmp_path, TEXT, groq="gsk")), model)
    assert (found.kind, found.status, found.retry_after) == ("no_healthy_target", 503, RETRY_AFTER)
    name = "team" if model.startswith("team") else "openai"
    assert f"no key for {name}: {tmp_path / 'keys'} holds no file {name} or " in found.detail


@pytest.mark.parametrize("model", ["mistral:m", "gemini-2.5-pro", "nobody:nothing"])
def test_what_nobody_has_listed_does_not_come(model: str, tmp_path: Path) -> None:
    text = TEXT.replace(", team: {kind: anthropic}", "")
    assert refusal(router(config_of(tmp_path, text, groq="gsk")), model).kind == "model_not_found"


def test_an_alias_with_another_target_waits_for_nobody(tmp_path: Path) -> None:
    assert [target.name for target in router(config_of(tmp_path, TEXT, groq="gsk")).resolve("either")] == ["groq"]


def test_without_a_configuration_any_name_may_come(tmp_path: Path) -> None:
    config = config_of(tmp_path, None, openai="sk")
    found = router(config)
    assert found.resolve("gpt-4o")[0].name == "openai"
    later = refusal(found, "fast")
    assert (later.kind, later.retry_after) == ("no_healthy_target", RETRY_AFTER)
    assert later.detail.startswith(
        f"no configuration: {tmp_path / 'config'} is empty (is the ConfigMap there?); no provider"
    )


def test_what_is_relayed_to_it_waits_too(tmp_path: Path) -> None:
    found = router(config_of(tmp_path, TEXT, groq="gsk"))
    assert found.provider("groq").key == "gsk"
    with pytest.raises(Failure) as caught:
        found.provider("openai")
    assert caught.value.kind == "no_healthy_target"
    with pytest.raises(Failure) as caught:
        found.provider("nobody")
    assert caught.value.kind == "model_not_found"


def test_the_log_says_what_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tell_awaited(config_of(tmp_path, TEXT, groq="gsk"))
    assert [(record.message, record.provider) for record in caplog.records] == [  # type: ignore[attr-defined]
        ("a provider waits for its key", "openai"),
        ("a provider waits for its key", "team"),
    ]


def test_the_log_says_which_directories_are_empty(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tell_awaited(config_of(tmp_path, None))
    assert [record.missing for record in caplog.records] == [  # type: ignore[attr-defined]
        f"no configuration: {tmp_path / 'config'} is empty (is the ConfigMap there?)",
        f"no keys: {tmp_path / 'keys'} is empty (is the Secret there?)",
    ]


def test_elsewhere_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    tell_awaited(Config())
    assert caplog.records == []
