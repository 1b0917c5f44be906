"""What one configuration amounts to is made without asking anyone, and gone when it is closed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.call import Call, Handler, Outcome
from proxy.config import ConfigError, load
from proxy.generation import Generation, Lasting, Tallies
from proxy.policies.metrics import Metrics
from proxy.policies.standings import Standings
from tests.policies.clocked import overloaded

TEXT = """
providers:
  up: {kind: openai, api_key: sk-canary-0123456789abcdef, base_url: "http://127.0.0.1:9/v1"}
  other: {kind: ollama, base_url: "http://127.0.0.1:9"}
models:
  - {model: fast, targets: [{provider: up, model: m}, {provider: other, model: n}], fallback: ["mock:mock"]}
breaker: {failures: 1}
retry: {initial: 0.001}
"""


def admitting(next: Handler) -> Handler:
    return next


async def admit(call: Call, next: Handler) -> Outcome:
    return await next(call)


def lasting() -> Lasting:
    loop, standings = asyncio.get_running_loop(), Standings({}, time.monotonic)
    return Lasting(loop, lambda key: None, {}, Metrics(), standings, admitting, admit, Tallies.new())


@pytest.fixture
async def generation(tmp_path: Path) -> AsyncIterator[Generation]:
    path = tmp_path / "config.yaml"
    path.write_text(TEXT, "utf-8")
    made = Generation(load(str(path), {}), lasting())
    made.start()
    yield made
    await made.close()


async def test_what_lies_in_the_directory_of_keys_is_secret_and_a_variable(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text("s3cr3t\n", "utf-8")
    (tmp_path / "AWS_REGION").write_text("us-east-1", "utf-8")  # which stands in names of models, and is no secret
    config, hidden = load(str(tmp_path / "config"), {}, str(tmp_path)), list[str]()
    made = Generation(config, lasting()._replace(hide=hidden.append))
    assert hidden == ["s3cr3t"]
    assert made.roads._around.environ["AWS_SECRET_ACCESS_KEY"] == "s3cr3t"
    await made.close()


async def test_it_knows_its_models_and_who_is_well(generation: Generation) -> None:
    assert {each.name for each in generation.lookup.all()} >= {"up", "other", "mock"}
    assert [each.name for each in generation.lookup.healthy()] == [each.name for each in generation.lookup.all()]
    target, _ = generation.lookup.model("up:m")
    standing = generation.standings.of(target)
    standing.enter()
    standing.went_wrong(overloaded())
    assert "up" not in {each.name for each in generation.lookup.healthy()}


async def test_its_rules_hold_once_it_has_started(generation: Generation) -> None:
    target, _ = generation.lookup.model("up:m")
    assert generation.standings.of(target).breaker.rule.failures == 1


async def test_nobody_is_asked_before_a_call(generation: Generation) -> None:
    counts = generation.roads.connections()
    assert {state for _, state in counts} >= {"active", "idle"}
    assert not any(number for (_, state), number in counts.items() if state in ("active", "idle", "created"))


async def test_one_that_is_refused_takes_nothing_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    shared = TEXT + 'cache: {enabled: true, shared: true}\nsharing: {redis: "redis://127.0.0.1:1/0"}\n'
    path.write_text(shared, "utf-8")
    first = Generation(load(str(path), {}), lasting())
    path.write_text(shared + "tokens: {counter: tiktoken, tables: .}\n", "utf-8")
    second = load(str(path), {})
    with pytest.raises(ConfigError, match="tokens"):
        Generation(second, lasting(), first)
    assert first.caching.shared is not None
    assert first.limits.shares is not None
    await first.close()
