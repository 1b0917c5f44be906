"""The counting policy over real calls, and the page read back by the grammar of the text format."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import cast

import pytest

from proxy.call import CUT, Call, Client, Failure, Outcome, Target, Usage
from proxy.policies.metrics import LABEL_LENGTH, LABEL_SETS, Metrics
from proxy.stack import compose

#: one sample line of text format 0.0.4: backslash, quote and line feed stand in a label value only as escapes
SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (?P<value>\S+)'
)
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"')
UNESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

OPENAI = Target("openai", "gpt-4o-2024", None)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def new_call(model: str = "gpt-4o", target: Target | None = OPENAI, **known: object) -> Call:
    call = Call("id", "openai", "chat", b"", {}, model, True, {}, cast(Client, None), target=target, attempts=1)
    for name, value in known.items():
        setattr(call, name, value)
    return call


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The whole page by name and labels; a line that is not in the grammar fails the test."""
    read = list(parse(metrics.render()[0].decode()))
    assert len(dict(read)) == len(read), "the same series stands twice"
    return dict(read)


def parse(page: str) -> Iterator[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
    assert page.endswith("\n")
    for line in page.removesuffix("\n").split("\n"):
        if line.startswith(("# HELP ", "# TYPE ")):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        labels = (
            (name, re.sub(r"\\.", lambda escape: UNESCAPED[escape[0]], value)) for name, value in LABEL.findall(line)
        )
        yield (match["name"], frozenset(labels)), float(match["value"])


def value(metrics: Metrics, name: str, /, provider: str = "openai", model: str = "gpt-4o", **labels: str) -> float:
    return samples(metrics)[name, frozenset({"provider": provider, "model": model, **labels}.items())]


def names(metrics: Metrics) -> set[str]:
    return {name for name, _ in samples(metrics)}


async def pass_call(metrics: Metrics, call: Call, ended: Outcome | Failure) -> None:
    async def end(_: Call) -> Outcome:
        if isinstance(ended, Failure):
            raise ended
        return ended

    await compose([metrics], end)(call)


async def test_a_call_that_ends_well() -> None:
    clock = Clock()
    metrics = Metrics(clock)

    async def exchange(call: Call) -> Outcome:
        assert metrics.active == 1
        clock.now += 2.0
        call.upstream_seconds = 1.75
        return Outcome(200, Usage(input=7, cache_read=2, output=5), ttft=0.4)

    outcome = await compose([metrics], exchange)(new_call())
    assert outcome.status == 200
    assert value(metrics, "llm_requests_total") == value(metrics, "llm_requests_success") == 1
    assert value(metrics, "llm_request_duration_seconds_sum") == 2.0
    assert value(metrics, "llm_request_duration_seconds_bucket", le="1.0") == 0
    assert value(metrics, "llm_request_duration_seconds_bucket", le="2.5") == 1
    assert value(metrics, "llm_request_duration_seconds_bucket", le="+Inf") == 1
    assert value(metrics, "provider_request_total") == value(metrics, "outrider_attempts_total") == 1
    assert value(metrics, "provider_request_duration_sum") == 1.75
    assert value(metrics, "outrider_overhead_seconds_sum") == 0.25
    assert value(metrics, "outrider_time_to_first_token_seconds_sum") == 0.4
    assert value(metrics, "llm_tokens_prompt") == 9
    assert value(metrics, "llm_tokens_completion") == 5
    assert value(metrics, "outrider_tokens_total", bucket="cache_read") == 2
    assert metrics.active == 0


async def test_time_counts_from_the_arrival_of_the_call() -> None:
    metrics = Metrics(Clock())
    await pass_call(metrics, new_call(started=97.0), Outcome(200))
    assert value(metrics, "llm_request_duration_seconds_sum") == 3.0


async def test_a_failure_of_the_provider() -> None:
    metrics = Metrics()
    with pytest.raises(Failure, match="overloaded"):
        await pass_call(metrics, new_call(), Failure("provider_overloaded", "busy"))
    assert value(metrics, "llm_requests_failure", kind="provider_overloaded") == 1
    assert value(metrics, "provider_error_total", kind="provider_overloaded") == 1
    assert value(metrics, "llm_requests_total") == 1
    assert value(metrics, "llm_requests_success") == 0


async def test_a_mistake_of_the_caller_is_no_error_of_the_provider() -> None:
    metrics = Metrics()
    with pytest.raises(Failure):
        await pass_call(metrics, new_call(), Failure("invalid_request", "no messages"))
    assert value(metrics, "llm_requests_failure", kind="invalid_request") == 1
    assert "provider_error_total" not in names(metrics)


async def test_a_cut_stream_is_counted() -> None:
    metrics = Metrics()
    with pytest.raises(Failure):
        await pass_call(metrics, new_call(), Failure("provider_stream_cut", "cut"))
    assert value(metrics, "outrider_stream_cut_total") == 1


async def test_a_client_that_leaves_cancels_the_call_and_is_nobodys_failure() -> None:
    metrics = Metrics()
    call = new_call(phase="streaming", usage=Usage(input=4, output=2))

    async def hang(_: Call) -> Outcome:
        await asyncio.Event().wait()
        return Outcome(200)

    async def run() -> None:
        await compose([metrics], hang)(call)

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    assert metrics.active == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert metrics.active == 0
    assert value(metrics, "outrider_client_gone_total", phase="streaming") == 1
    assert value(metrics, "llm_requests_failure", kind="client_gone") == 1
    assert value(metrics, "llm_tokens_completion") == 2
    assert "provider_error_total" not in names(metrics)


async def test_a_call_that_the_sidecar_cuts_is_not_the_application_s_doing() -> None:
    metrics, call = Metrics(), new_call()

    async def cut(asked: Call) -> Outcome:
        asked.phase = CUT
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await compose([metrics], cut)(call)
    assert value(metrics, "llm_requests_failure", kind="draining") == 1
    assert "outrider_client_gone_total" not in names(metrics)


async def test_an_error_of_ours_is_counted_and_goes_on() -> None:
    metrics = Metrics()

    async def break_down(_: Call) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await compose([metrics], break_down)(new_call())
    assert value(metrics, "llm_requests_failure", kind="internal_error") == 1
    assert metrics.active == 0


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


async def test_a_known_model_for_which_no_provider_was_asked_keeps_its_name() -> None:
    metrics = Metrics()
    with pytest.raises(Failure):
        await pass_call(metrics, new_call(target=None, targets=[OPENAI]), Failure("circuit_open", "no"))
    assert value(metrics, "llm_requests_total", provider="none") == 1


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
