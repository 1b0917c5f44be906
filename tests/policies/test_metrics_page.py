"""The page: labels that nobody can forge or blow up, gauges, pieces."""

from __future__ import annotations

import pytest

from proxy.call import Call, Failure, Outcome, Usage
from proxy.policies.metrics import LABEL_LENGTH, LABEL_SETS, Metrics
from tests.policies.pages import GROQ, new_call, parse, pass_call, samples, value


@pytest.mark.parametrize(
    ("call", "kind", "provider"),
    [
        (new_call("tell me a secret", target=None), "invalid_request", "none"),
        (new_call("tell me a secret", target=None), "model_not_found", "none"),
        (new_call("tell me a secret"), "model_not_found", "openai"),
    ],
)
async def test_a_model_nobody_knows_is_not_repeated(call: Call, kind: str, provider: str) -> None:
    metrics = Metrics()
    with pytest.raises(Failure):
        await pass_call(metrics, call, Failure(kind, "no"))
    assert value(metrics, "llm_requests_total", provider=provider, model="unknown") == 1
    assert b"secret" not in metrics.render()[0]


async def test_a_model_cannot_forge_metrics() -> None:
    metrics = Metrics()
    forged = 'x"} 1\nllm_requests_success{model="\\'
    await pass_call(metrics, new_call(forged), Outcome(200))
    assert value(metrics, "llm_requests_success", model=forged.replace("\n", "")) == 1
    assert len([name for name, _ in samples(metrics) if name == "llm_requests_success"]) == 1


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("m" * 5000, "m" * LABEL_LENGTH),
        ("a\x00b\x1b[31mc\r\n", "ab[31mc"),
        ("a\u2028b\ud800c", "abc"),
        ("größe-模型", "größe-模型"),
        ("", "unknown"),
        ("\n", "unknown"),
        ('"' * 200, '"' * LABEL_LENGTH),
    ],
)
async def test_labels_are_short_and_printable(model: str, label: str) -> None:
    metrics = Metrics()
    for _ in range(2):
        await pass_call(metrics, new_call(model), Outcome(200))
    assert value(metrics, "llm_requests_success", model=label) == 2


async def test_past_so_many_models_the_rest_are_other() -> None:
    metrics = Metrics()
    for number in range(LABEL_SETS + 50):
        await pass_call(metrics, new_call(f"model-{number}"), Outcome(200))
    await pass_call(metrics, new_call("model-0"), Outcome(200))
    page = samples(metrics)
    assert len([name for name, _ in page if name == "llm_requests_success"]) == LABEL_SETS + 1
    assert value(metrics, "llm_requests_success", model="other") == 50
    assert value(metrics, "llm_requests_success", model="model-0") == 2
    assert page["outrider_labels_folded_total", frozenset()] == 50


async def test_a_long_metric_is_written_in_pieces_of_one_moment() -> None:
    """Calls go on between two pieces: what they change is on the next page."""
    metrics = Metrics()
    for number in range(LABEL_SETS):
        await pass_call(metrics, new_call(f"model-{number}"), Outcome(200))
    pieces, longest = [], 0
    for number, piece in enumerate(metrics.blocks()):
        pieces.append(piece)
        longest = max(longest, piece.count(b"\n"))
        if number < 5:
            await pass_call(metrics, new_call(f"model-{number}", GROQ), Outcome(200))
    assert longest <= 20 * 20 + 2
    page = b"".join(pieces).decode()
    assert page.count("# TYPE llm_request_duration_seconds histogram") == 1
    read = list(parse(page))
    assert len(dict(read)) == len(read)
    assert len([name for (name, _), _ in read if name == "llm_requests_total"]) == LABEL_SETS


async def test_gauges_are_read_when_the_page_is() -> None:
    metrics = Metrics(version="1.2.3")
    numbers: dict[tuple[str, ...], float] = {("openai", "idle"): 1.0, ('x"} 1\nfake 9', "idle"): 2.0}
    metrics.gauge("outrider_pool_connections", "Connections.", lambda: numbers, ("provider", "state"))
    metrics.gauge("outrider_log_lines_waiting", "Lines.", lambda: metrics.active)
    metrics.active = 3
    page = samples(metrics)
    assert page["outrider_pool_connections", frozenset({("provider", "openai"), ("state", "idle")})] == 1
    assert page["outrider_pool_connections", frozenset({("provider", 'x"} 1fake 9'), ("state", "idle")})] == 2
    assert page["outrider_log_lines_waiting", frozenset()] == page["llm_active_connections", frozenset()] == 3
    assert any(name == "outrider_build_info" and ("version", "1.2.3") in labels for name, labels in page)
    numbers["openai", "idle"] = 5.0
    assert samples(metrics)["outrider_pool_connections", frozenset({("provider", "openai"), ("state", "idle")})] == 5


async def test_labels_that_every_sample_carries() -> None:
    metrics = Metrics(everywhere={"pod": 'a"} 1\nfake 9', "namespace": "shop"})
    await pass_call(metrics, new_call(), Outcome(200))
    page = samples(metrics)
    assert all({("pod", 'a"} 1fake 9'), ("namespace", "shop")} <= labels for _, labels in page)
    assert value(metrics, "llm_requests_total", pod='a"} 1fake 9', namespace="shop") == 1


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="already registered"):
        Metrics().gauge("llm_requests_total", "Again.", lambda: 1.0)


async def test_the_page_is_whole_in_pieces_or_at_once() -> None:
    metrics = Metrics()
    await pass_call(metrics, new_call(), Outcome(200, Usage(1, output=2), ttft=0.1))
    page, content_type = metrics.render()
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert b"".join(metrics.blocks()) == page
    blocks = [block.decode().split("\n") for block in metrics.blocks()]
    assert all(lines[0].startswith("# HELP") and lines[1].startswith("# TYPE") for lines in blocks)
