"""How an application may spell a model, whatever its SDK makes of colons and slashes in a path; and whose key arrives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk.casts import DRIVERS, WIRES
from tests.sdk.clients.driver import KEY, Driver
from tests.sdk.scenes import Answer, Question
from tests.sdk.sidecar import Running
from tests.sdk.upstreams.provider import Providers

BEDROCK = WIRES["bedrock"].model
#: As the application spells it -> as the provider is asked for it.
SPELLINGS = {
    f"bedrock:{BEDROCK}": BEDROCK,
    f"bedrock/{BEDROCK}": BEDROCK,
    BEDROCK: BEDROCK,
    "of-the-house": BEDROCK,
    "ollama:qwen3:4b": "qwen3:4b",
    "ollama/hf.co/someone/model:Q4_K_M": "hf.co/someone/model:Q4_K_M",
}


@pytest.fixture(scope="module", params=list(DRIVERS))
def driver(request: pytest.FixtureRequest, house: Running) -> Iterator[Driver]:
    with pytest.MonkeyPatch.context() as environment:
        driver = DRIVERS[request.param](house.url, environment)
        yield driver
        driver.close()


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_a_model_by_any_name(driver: Driver, providers: Providers, spelled: str, streamed: bool) -> None:
    providers.plays(Answer("Here."))
    driver.hear = bool
    assert driver.ask(spelled, Question(), streamed).text == "Here."
    [(_, model, _)] = providers.heard
    assert model == SPELLINGS[spelled]
    [turn] = providers.turns
    assert KEY not in str(turn.headers)
