"""The control: each SDK asks the upstream of its own wire, with nothing between. What fails here is the tests' own fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk import stage as play
from tests.sdk.casts import DRIVERS, SIGNED, WIRES
from tests.sdk.stage import Stage
from tests.sdk.upstreams.provider import Providers


@pytest.fixture(scope="module")
def providers_without_keys() -> Iterator[Providers]:
    providers = Providers(key="")
    with providers.listening():
        yield providers


@pytest.fixture(scope="module", params=list(DRIVERS))
def stage(request: pytest.FixtureRequest, providers_without_keys: Providers) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as environment:
        providers = providers_without_keys
        driver = DRIVERS[request.param](providers.url, environment)
        yield Stage(driver, providers, WIRES[request.param], WIRES[request.param].model, request.param)
        driver.close()


@pytest.mark.parametrize("streamed", [False, True])
def test_a_plain_answer(stage: Stage, streamed: bool) -> None:
    play.plain_answer(stage, streamed)


@pytest.mark.parametrize("streamed", [False, True])
def test_tools_and_their_results(stage: Stage, streamed: bool) -> None:
    play.tools_and_results(stage, streamed)


def test_a_picture(stage: Stage) -> None:
    play.picture(stage)


@pytest.mark.parametrize("streamed", [False, True])
def test_structured_output(stage: Stage, streamed: bool) -> None:
    play.structured_output(stage, streamed)


@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts(stage: Stage, streamed: bool) -> None:
    signed = stage.wire.name in SIGNED
    play.thoughts(stage, streamed, asked_for=True, signed=signed, carried=signed)


@pytest.mark.parametrize("status", [400, 404, 429])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_refusal(stage: Stage, status: int, streamed: bool) -> None:
    play.refusal(stage, status, status, stage.driver.raises[status], streamed)


def test_a_stream_that_breaks_with_an_error(stage: Stage) -> None:
    error = play.broken_stream(stage, "error")
    assert type(error).__name__ == stage.driver.breaks
    assert play.COMPLAINT in str(error)
