"""Recorded answers for an application of another dialect: what they say arrives, and what they count is counted."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from proxy.call import KINDS
from proxy.translate import DIALECTS
from tests.goldens.spoken import parse
from tests.matrix.errors import IN_STREAMS
from tests.matrix.meaning import OF_ITS_OWN, Meaning, gather, meaning
from tests.matrix.recorded import RECORDINGS, Recording
from tests.matrix.trips import answer_changes, unified_answer
from tests.promises.caller import Answer
from tests.replay.doors import PATHS, question_of
from tests.replay.exceptions import FOR_RELAYS_ALONE
from tests.replay.roads import road_of, translated_for
from tests.replay.stage import Stage
from tests.replay.told import told_by

BEFORE_ONE_SIDECAR = pytest.mark.asyncio(loop_scope="package")
TRANSLATED = {
    name: it for name, it in RECORDINGS.items() if it.status < 400 and name not in IN_STREAMS and translated_for(name)
}
BROKEN = {name: RECORDINGS[name] for name in IN_STREAMS if name in RECORDINGS}


@BEFORE_ONE_SIDECAR
@pytest.mark.parametrize("recording", TRANSLATED.values(), ids=TRANSLATED)
async def test_an_answer_means_the_same(recording: Recording, stage: Stage) -> None:
    """What the dialects themselves lose is judged elsewhere, in single calls of theirs; on the road nothing more may be."""
    client = str(translated_for(recording.name))
    replayed = await stage.replay(recording, PATHS[client, "chat"][0], question_of(recording, client))
    lost = answer_changes(recording, DIALECTS[client])
    if not lost.isdisjoint(KINDS):
        assert {replayed.line["kind"]} == lost
        return
    assert (replayed.answer.status, replayed.answer.complete, replayed.line["kind"]) == (200, True, None)
    meant, heard = meaning(unified_answer(recording.name)), heard_in(client, recording, replayed.answer)
    changed = {name for name in meant.keys() | heard.keys() if meant.get(name) != heard.get(name)} - OF_ITS_OWN
    assert changed <= lost
    assert replayed.usage == told_by(recording.name)


def heard_in(client: str, recording: Recording, answer: Answer) -> Meaning:
    """What the application's own dialect reads from the bytes that it got."""
    dialect = DIALECTS[client]
    if recording.is_stream:
        return meaning(gather(parse(dialect, answer.body)))
    return meaning(dialect.parse_reply(orjson.loads(answer.body)))


@BEFORE_ONE_SIDECAR
@pytest.mark.parametrize("recording", BROKEN.values(), ids=BROKEN)
async def test_an_error_in_a_stream_is_told(recording: Recording, stage: Stage) -> None:
    client, wrong = str(translated_for(recording.name)), IN_STREAMS[recording.name]
    replayed = await stage.replay(recording, PATHS[client, "chat"][0], question_of(recording, client))
    assert replayed.line["kind"] == wrong.kind
    assert wrong.words in replayed.answer.body.decode()


def test_enough_is_replayed(recordings: Path) -> None:
    assert len(TRANSLATED) > 190
    assert {RECORDINGS[name].dialect.name for name in RECORDINGS if not translated_for(name)} >= FOR_RELAYS_ALONE.keys()
    assert {road_of(name, str(translated_for(name))).way.dialect for name in TRANSLATED} >= {
        *("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
    }
