"""Every official SDK as the application, before every provider: the same scenes, whichever two are put together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk import stage as play
from tests.sdk.casts import CARRIES, DRIVERS, PAIRS, RAISES, SEEN, SIGNED, UNASKED, WIRES
from tests.sdk.clients.driver import Driver
from tests.sdk.sidecar import Running
from tests.sdk.stage import Stage
from tests.sdk.upstreams.provider import Providers


@pytest.fixture(scope="module")
def drivers(house: Running) -> Iterator[dict[str, Driver]]:
    with pytest.MonkeyPatch.context() as environment:
        drivers = {name: driver(house.url, environment) for name, driver in DRIVERS.items()}
        yield drivers
        for driver in drivers.values():
            driver.close()


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]}_asks_{pair[1]}")
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    client, target = request.param
    return client, target


@pytest.fixture
def stage(pair: tuple[str, str], drivers: dict[str, Driver], providers: Providers) -> Stage:
    client, target = pair
    return Stage(drivers[client], providers, WIRES[target], f"{target}:{WIRES[target].model}", target)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_plain_answer(stage: Stage, streamed: bool) -> None:
    play.plain_answer(stage, streamed)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_tools_and_their_results(stage: Stage, streamed: bool) -> None:
    play.tools_and_results(stage, streamed)


def test_a_picture(stage: Stage) -> None:
    play.picture(stage)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_structured_output(stage: Stage, streamed: bool) -> None:
    play.structured_output(stage, streamed)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_thoughts(stage: Stage, pair: tuple[str, str], streamed: bool) -> None:
    client, target = pair
    signed = stage.asked_in in SIGNED
    carried = signed and target in CARRIES[client]
    play.thoughts(stage, streamed, asked_for=pair not in UNASKED, signed=signed, carried=carried)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("status", SEEN)
def test_a_refusal(stage: Stage, pair: tuple[str, str], status: int, streamed: bool) -> None:
    seen = SEEN[status]
    raised = RAISES.get((*pair, status), stage.driver.raises[status])
    play.refusal(stage, status, seen, raised, streamed)


def test_a_stream_that_breaks_with_an_error(stage: Stage) -> None:
    error = play.broken_stream(stage, "error")
    assert type(error).__name__ == stage.driver.breaks
    assert play.COMPLAINT in str(error)


@pytest.mark.parametrize("ending", ["early", "reset"])
def test_a_stream_that_is_cut(stage: Stage, ending: str) -> None:
    play.broken_stream(stage, ending)
