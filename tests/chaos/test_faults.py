"""Every fault, whole and streamed, in every mode: what the application, the provider and the operator see of it.

Faults stand in faults.py, modes in modes.py. All faults of a mode happen at once, each at a provider of its own.
"""

from __future__ import annotations

import re

import orjson
import pytest

from tests.chaos.conftest import Play
from tests.chaos.fault import Fault, beginning
from tests.chaos.faults import FAULTS
from tests.chaos.modes import BLAMED, MODES, OTHER, TRIPS, Expected, expect
from tests.chaos.stage import Observed, Performance
from tests.chaos.words import say
from tests.promises.caller import Answer
from tests.promises.sidecars import KEY
from tests.promises.wires import DONE

#: Seconds that the sidecar may be late by: its limits are checked ten times a second, and the machine is shared.
LATE = 2.0
SHAPE = {"message", "type", "param", "code"}
ERROR_EVENT = b'data: {"error":'
#: What a sidecar must not add to a stream that was cut.
INVENTED = re.compile(rb'\[DONE\]|"finish_reason":"')

CASES = [
    (mode, stream, name)
    for mode in MODES
    for stream in (False, True)
    for name in FAULTS
    if MODES[mode].suits(FAULTS[name])
]
IDS = [f"{name}-{'stream' if stream else 'whole'}-{mode}" for mode, stream, name in CASES]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize(("mode", "stream", "name"), CASES, ids=IDS)
def test_a_fault(mode: str, stream: bool, name: str, performed: Play[str, Performance]) -> None:
    fault, observed = FAULTS[name], performed(mode).observed[stream, name]
    expected = expect(fault, stream, MODES[mode])
    assert observed.answer is not None, observed.error
    check_answer(observed.answer, expected, name, stream)
    check_provider(observed, expected, fault, stream)
    check_counts(observed, expected)
    check_resilience(observed, expected, fault.seen_by(stream).kind)
    check_connections(observed, expected)
    check_healed(observed, fault, stream)


# ---- what the application sees


def check_answer(answer: Answer, expected: Expected, name: str, stream: bool) -> None:
    seen = expected.seen
    assert answer.status == seen.status, answer
    assert answer.headers["x-outrider-attempts"] == str(expected.attempts)
    if expected.elsewhere:
        check_stand_in(answer, stream)
    elif seen.begun is not None:
        check_broken(answer, expected, name)
    elif seen.kind:
        check_refusal(answer, expected)
    else:
        assert answer.complete
        assert answer.body == say(name, stream).body


def check_stand_in(answer: Answer, stream: bool) -> None:
    """Another provider, another dialect: the words are its own, and the end is one."""
    assert answer.complete
    assert answer.headers["x-outrider-provider"] == OTHER
    assert OTHER.encode() in answer.body
    assert answer.body.endswith(DONE) is stream


def check_broken(answer: Answer, expected: Expected, name: str) -> None:
    """Everything that had come, an error event unless it would be read as part of another, and an end that is none."""
    seen = expected.seen
    assert seen.begun is not None
    assert answer.complete is seen.ended
    had, body = beginning(seen.begun, name), answer.body
    assert body.startswith(had)
    assert not INVENTED.search(body.removeprefix(had)) or seen.begun == "half and more"
    said, mark, event = body.rpartition(ERROR_EVENT)
    if seen.told:
        check_error(orjson.loads(ERROR_EVENT.removeprefix(b"data: ") + event), expected)
        assert said == had + b"\n\n" or seen.begun == "half and more"
    else:
        assert body == had or (seen.begun == "half and more" and not mark)


def check_refusal(answer: Answer, expected: Expected) -> None:
    assert answer.complete
    assert answer.headers["content-type"] == "application/json"
    check_error(answer.json, expected)


def check_error(said: dict[str, dict[str, str]], expected: Expected) -> None:
    """OpenAI's error object, with the kind of failure as its type."""
    assert set(said) == {"error"}
    assert set(said["error"]) == SHAPE
    assert said["error"]["type"] == expected.seen.kind, said
    assert expected.seen.words in said["error"]["message"]


# ---- what the provider sees


def check_provider(observed: Observed, expected: Expected, fault: Fault, stream: bool) -> None:
    assert len(observed.requests) == fault.asks * expected.failed + expected.answered
    assert len({asked.body for asked in observed.requests if asked.body}) <= 1
    assert len(observed.others) == expected.elsewhere
    check_leaving(observed, fault.left[stream], max(1, expected.failed))


def check_leaving(observed: Observed, patience: float | None, faulty: int) -> None:
    """A provider that is still at it is left when its time is over: not before, and not much later."""
    for number, asked in enumerate(observed.requests[:faulty], start=1):
        assert (asked.cancelled is not None) is (patience is not None)
        if asked.cancelled is not None and patience is not None:
            assert asked.cancelled - observed.began > patience * number
            assert asked.cancelled - asked.at < patience + LATE


# ---- what is counted


def check_counts(observed: Observed, expected: Expected) -> None:
    kind, counted = expected.seen.kind, observed.counted
    assert counted["llm_requests_total", ""] == 1
    assert counted["llm_requests_success", ""] == (not kind)
    assert {key[1]: n for key, n in counted.items() if key[0] == "llm_requests_failure"} == ({kind: 1} if kind else {})
    blamed = {key[1]: number for key, number in counted.items() if key[0] == "provider_error_total"}
    assert blamed == ({kind: 1} if kind in BLAMED else {})
    assert counted["outrider_attempts_total", ""] == expected.attempts
    assert counted["outrider_stream_cut_total", ""] == (kind == "provider_stream_cut")


def check_resilience(observed: Observed, expected: Expected, kind: str) -> None:
    """What was done about it, by the `kind` of the fault; the breaker counts what is the provider's fault, and nothing else."""
    counted = observed.counted
    again, elsewhere = expected.failed + expected.answered - 1, int(expected.elsewhere)
    assert {key[1]: n for key, n in counted.items() if key[0] == "outrider_retries_total"} == (
        {kind: again} if again else {}
    )
    assert {key[1]: n for key, n in counted.items() if key[0] == "outrider_fallbacks_total"} == (
        {kind: elsewhere} if elsewhere else {}
    )
    assert observed.target["breaker"] == "closed"
    assert observed.target["in_flight"] == 0
    assert observed.target["failures"] == (expected.failed if kind in TRIPS else 0)


# ---- what is left


def check_connections(observed: Observed, expected: Expected) -> None:
    """Broken connections are closed, and a good one is kept for the next call."""
    assert (observed.pool["active"], observed.pool["waiting"]) == (0, 0)
    assert observed.pool["idle"] == expected.kept


def check_healed(observed: Observed, fault: Fault, stream: bool) -> None:
    """When the fault is over, the next call is answered well, and with nothing that belongs to the last one."""
    if fault.heals:
        assert observed.healed is not None
        assert (observed.healed.status, observed.healed.complete) == (200, True), observed.healed
        assert observed.healed.body == say(fault.name, stream).body


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_left(mode: str, performed: Play[str, Performance]) -> None:
    left = performed(mode).left
    assert (left.tasks, left.descriptors, left.connections) == (0, 0, {})
    assert not left.objects


@pytest.mark.parametrize("mode", MODES)
def test_the_log_has_no_traceback_and_no_key(mode: str, performed: Play[str, Performance]) -> None:
    log = performed(mode).log
    assert log
    assert KEY not in log
    assert "Traceback" not in log
