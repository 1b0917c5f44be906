"""Recorded requests and answers between an application and a provider of one dialect: not a byte is lost on either way."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import orjson
import pytest

from proxy.providers import all_providers
from tests.matrix.errors import IN_STREAMS
from tests.matrix.recorded import RECORDINGS, Recording
from tests.replay.doors import body_of, path_of
from tests.replay.exceptions import RELAYS, SPELLINGS, Row, excuse
from tests.replay.roads import FRAMED, KINDS, address_of, road_of
from tests.replay.stage import Refused, Replayed, Stage
from tests.replay.told import told_by

BEFORE_ONE_SIDECAR = pytest.mark.asyncio(loop_scope="package")
RELAYED = {name: it for name, it in RECORDINGS.items() if it.request is not None and it.status < 400}
EACH = pytest.mark.parametrize("recording", RELAYED.values(), ids=RELAYED)


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


@BEFORE_ONE_SIDECAR
@EACH
async def test_nothing_is_lost(recording: Recording, stage: Stage) -> None:
    changes = await changes_of(recording, stage)
    assert {what: change for what, change in changes.items() if excuse(recording.name, what) is None} == {}


@BEFORE_ONE_SIDECAR
@pytest.mark.parametrize("row", RELAYS, ids=lambda row: f"{row.what} {row.where}")
async def test_every_exception_is_needed(row: Row, stage: Stage) -> None:
    excused = [it for name, it in RELAYED.items() if re.fullmatch(row.where, name)]
    assert excused
    for recording in excused:
        assert row.what in await changes_of(recording, stage)


def test_every_other_spelling_is_needed(recordings: Path) -> None:
    urls = [(it.json["request"] or {}).get("url") or "" for it in RECORDINGS.values()]
    assert [pattern for pattern in SPELLINGS if not any(re.search(pattern, url) for url in urls)] == []
    assert KINDS.keys() <= {it.folder for it in RECORDINGS.values()}
    assert {kind for kinds in KINDS.values() for kind in kinds} <= all_providers().keys()


def test_enough_is_replayed(recordings: Path) -> None:
    assert len(RELAYED) > 210
    assert len({road_of(name).kind for name in RELAYED}) > 20


async def changes_of(recording: Recording, stage: Stage) -> dict[str, object]:
    """In what the replay differs from the recording, by name."""
    sent, arrives = body_of(recording)
    try:
        replayed = await stage.replay(recording, path_of(recording), sent)
    except Refused as refused:
        return {"refused": refused.args}
    answer, line = replayed.answer, replayed.line
    wrong = IN_STREAMS.get(recording.name)
    seen = {
        "reply": (answer.status, answer.complete, digest(answer.body)),
        "body": arrived(recording, replayed),
        "path": unquote(replayed.asked.line.split(" ")[1]),
        "kind": line["kind"],
        "usage": replayed.usage,
    }
    expected = {
        "reply": (recording.status, True, digest(recording.body)),
        "body": arrives if road_of(recording.name).way.dialect not in FRAMED else orjson.loads(arrives),
        "path": path_recorded(recording) or seen["path"],
        "kind": wrong.kind if wrong else None,
        "usage": told_by(recording.name),
    }
    return {what: (seen[what], expected[what]) for what in seen if seen[what] != expected[what]}


def arrived(recording: Recording, replayed: Replayed) -> object:
    """Bytes; of a frame that has the same words, the value in the recording's own."""
    if road_of(recording.name).way.dialect not in FRAMED:
        return replayed.asked.body
    return {"model": road_of(recording.name).model, **replayed.asked.json}


def path_recorded(recording: Recording) -> str | None:
    """None where the address is not known, or the provider has no file that could say it."""
    url = urlsplit(address_of(recording))
    if not url.path or not road_of(recording.name).is_of_a_file:
        return None
    return unquote(url.path) + (f"?{url.query}" if url.query else "")
