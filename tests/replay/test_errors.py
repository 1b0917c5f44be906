"""Recorded errors through the whole sidecar: the kind by their status and words, and the words to the application."""

from __future__ import annotations

import pytest

from proxy.call import KINDS
from tests.matrix.errors import ERRORS, Wrong
from tests.matrix.recorded import RECORDINGS, Recording
from tests.replay.doors import PATHS, body_of, path_of, question_of
from tests.replay.roads import translated_for
from tests.replay.stage import Replayed, Stage

BEFORE_ONE_SIDECAR = pytest.mark.asyncio(loop_scope="package")
RELAYED = [name for name in ERRORS if name in RECORDINGS and RECORDINGS[name].request is not None]
TRANSLATED = [name for name in ERRORS if name in RECORDINGS and translated_for(name)]


@BEFORE_ONE_SIDECAR
@pytest.mark.parametrize("name", RELAYED)
async def test_in_the_provider_s_own_dialect(name: str, stage: Stage) -> None:
    recording = RECORDINGS[name]
    replayed = await stage.replay(recording, path_of(recording), body_of(recording)[0])
    told(replayed, ERRORS[name], recording)
    if KINDS[ERRORS[name].kind].party == "caller":
        assert replayed.answer.body == recording.body


@BEFORE_ONE_SIDECAR
@pytest.mark.parametrize("name", TRANSLATED)
async def test_in_another_dialect(name: str, stage: Stage) -> None:
    recording, client = RECORDINGS[name], str(translated_for(name))
    replayed = await stage.replay(recording, PATHS[client, "chat"][0], question_of(recording, client))
    told(replayed, ERRORS[name], recording)


def told(replayed: Replayed, wrong: Wrong, recording: Recording) -> None:
    answer = replayed.answer
    assert replayed.line["kind"] == wrong.kind
    assert answer.status in statuses_of(wrong, recording)
    assert wrong.words in answer.body.decode()
    if wrong.retry_after:
        assert float(answer.headers["retry-after-ms"]) == pytest.approx(wrong.retry_after * 1000)


def statuses_of(wrong: Wrong, recording: Recording) -> set[int]:
    """The kind's; of the caller's own faults it may be the provider's."""
    rule = KINDS[wrong.kind]
    return {rule.status, recording.status} if rule.party == "caller" else {rule.status}
