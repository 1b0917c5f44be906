"""What the configuration says of attempts, breakers and routes arrives at the policies in their words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from proxy.config import Config, load
from proxy.models import Model
from proxy.policies.backoff import RetryRule
from proxy.policies.breaker import BreakerRule, Rate
from proxy.policies.hedge import HedgeRule
from proxy.prices import Price
from proxy.resilience import NEVER, breaker_rules, hedge_rules, plans, price_by, retry_rules, sticky_keys
from tests.policies.clocked import call_to, target

TEXT = """
providers:
  openai: {api_key: k, retry: {attempts: 5}, breaker: {failures: 9}}
  local: {kind: vllm, base_url: "http://vllm:8000/v1", breaker: {enabled: false}}
  claude: {kind: anthropic, api_key: k}
retry: {initial: 1, jitter: false}
breaker: {reset: 7, rate: {share: 0.4}}
models:
  - model: fast
    strategy: weighted
    targets: [{provider: openai, model: a, weight: 0.7}, {provider: local, model: b, weight: 0.3, tags: [eu]}]
    fallback: [slow, "claude:c"]
    timeout: 30
    require_parameters: true
    hedge: {share: 0.1}
    sticky: {by: header, header: X-User}
    when: [{matches: "(?i)poem", header: {X-Tier: gold}, use: slow}]
  - {model: slow, targets: [{provider: claude, model: c}], fallback: ["openai:a"], sticky: {by: prompt}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(TEXT, "utf-8")
    return load(str(path), {})


def test_what_is_tried_again(config: Config) -> None:
    rules = retry_rules(config)
    assert rules["openai"] == RetryRule(attempts=5, initial=1, jitter=False)
    assert rules["claude"] == RetryRule(initial=1, jitter=False)


def test_breakers(config: Config) -> None:
    rules = breaker_rules(config)
    assert rules["openai"] == BreakerRule(failures=9, reset=7, rate=Rate(0.4, 30.0, 20))
    assert rules["local"] == BreakerRule(failures=NEVER, reset=7)


def test_routes(config: Config) -> None:
    found = plans(config)
    route = found["fast"].route
    assert (route.name, route.strategy, route.timeout, route.requires) == ("fast", "weighted", 30, True)
    assert route.fallback == ("slow", "openai:a", "claude:c")
    assert found["slow"].route.fallback == ("openai:a",)
    (rule,) = found["fast"].when
    assert (rule.use, rule.header) == ("slow", {"x-tier": "gold"})
    assert rule.matches is not None
    assert rule.matches.search("a Poem")
    assert hedge_rules(config) == {"fast": HedgeRule(None, 0.1)}


def test_what_a_caller_sticks_by(config: Config) -> None:
    keys = sticky_keys(config)
    assert keys["fast"](call_to(caller={"x-user": "ann"})) == "ann"
    assert keys["fast"](call_to()) == ""
    call = call_to(json={"messages": [{"role": "user", "content": "Hello"}]})
    assert keys["slow"](call) == "Hello"


@pytest.mark.parametrize(("fields", "price"), [({"max_tokens": 1000}, "0.0022"), ({}, "0.0012")])
def test_what_a_call_costs_roughly(fields: dict[str, int], price: str) -> None:
    models = {"m": Model("k", "m", price=Price("1,2")), "free": None}
    call = call_to(json={"messages": [{"role": "user", "content": "Hello"}], **fields}, tokens=200)
    priced = price_by(lambda target: models[target.model])
    found = priced(target(model="m"), call)
    assert found == Decimal(price)
    assert priced(target(model="free"), call) is None


def test_what_a_call_costs_depends_on_the_hour_the_tier_and_what_is_asked() -> None:
    model = Model("k", "m", price=Price("1,2;@flex:x0.5;0100-0200:10,20"))
    night = price_by(lambda target: model, lambda: 5400.0)
    day = price_by(lambda target: model, lambda: 0.0)
    counted = call_to(json={"max_tokens": 100}, tokens=1000)
    assert (day(target(), counted), night(target(), counted)) == (Decimal("0.0012"), Decimal("0.012"))
    counted.json["service_tier"] = "flex"
    assert day(target(), counted) == Decimal("0.0006")
    counted.json["service_tier"] = "nobody's"
    assert day(target(), counted) is None
    vectors = call_to(json={"input": "x"}, operation="embeddings", tokens=1000)
    assert price_by(lambda target: Model("k", "m", price=Price("1")), lambda: 0.0)(target(), vectors) == Decimal(
        "0.001"
    )
