"""All recorded traffic through every dialect: requests come back, answers arrive, errors are understood."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from proxy.call import Failure, Json
from tests.goldens.spoken import EVERY as DIALECTS
from tests.goldens.spoken import parse
from tests.matrix.errors import ERRORS, IN_STREAMS, Wrong
from tests.matrix.exceptions import ANSWERS, REQUESTS, Loss
from tests.matrix.excuses import COUNTED, ROWS_OF_DIALECTS, of_answer, of_request
from tests.matrix.recorded import ALL_NAMES, ELSEWHERE, OPERATIONS, RECORDINGS, Recording, elsewhere

REQUESTED = {name: it for name, it in RECORDINGS.items() if it.is_chat and it.request is not None}
ANSWERED = {name: it for name, it in RECORDINGS.items() if it.is_chat and it.status < 400 and name not in IN_STREAMS}
ASKED_OTHERWISE = {name: it for name, it in RECORDINGS.items() if not it.is_chat and it.status < 400}


def each(recordings: Mapping[str, Recording]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("recording", recordings.values(), ids=recordings)


def test_every_recording_is_looked_at(recordings: Path) -> None:
    assert len(ALL_NAMES) == len(list(recordings.glob("*/*.json")))
    assert {name for name in ALL_NAMES.keys() - RECORDINGS.keys() if elsewhere(name) is None} == set()
    assert {elsewhere(name) for name in ALL_NAMES} - {None} == ELSEWHERE.keys()
    assert ERRORS.keys() == {name for name, it in RECORDINGS.items() if it.status >= 400}
    assert len(RECORDINGS) > 260


# ---- requests


@each(REQUESTED)
def test_a_request_comes_back_equal_by_value(recording: Recording) -> None:
    judged = of_request(recording.name)
    COUNTED[recording.folder] += len(judged.excuses)
    assert not judged.unexcused


def test_every_exception_for_a_request_is_needed(recordings: Path) -> None:
    needed = {row for name in REQUESTED for row in of_request(name).excuses}
    assert [row for row in REQUESTS if row not in needed] == []


# ---- answers


@each(ANSWERED)
def test_an_answer_arrives_in_every_dialect(recording: Recording) -> None:
    judged = {client: of_answer(recording.name, client) for client in DIALECTS}
    COUNTED[recording.folder] += sum(isinstance(excuse, Loss) for it in judged.values() for excuse in it.excuses)
    assert {client: it.unexcused for client, it in judged.items() if it.unexcused} == {}


def test_every_exception_for_an_answer_is_needed(recordings: Path) -> None:
    needed = {excuse for name in ANSWERED for client in DIALECTS for excuse in of_answer(name, client).excuses}
    assert [loss for loss in ANSWERS if loss not in needed] == []
    assert [row for row in ROWS_OF_DIALECTS if row not in needed] == []


@each(ASKED_OTHERWISE)
def test_what_is_no_chat_is_asked_and_answered_alike(recording: Recording) -> None:
    speech = recording.dialect.operation(recording.operation)
    assert speech is not None
    assert recording.request is not None
    unified = speech.parse_request(recording.request)
    reply = speech.parse_reply(recording.reply)
    rendered = speech.render_reply(reply, unified)
    assert speech.parse_reply(orjson.loads(orjson.dumps(rendered))) == reply
    usage = speech.parse_usage(recording.reply)
    assert usage is None or usage.total >= 0


def test_every_operation_is_in_the_recordings(recordings: Path) -> None:
    assert {(it.folder, it.api) for it in RECORDINGS.values() if not it.is_chat} == OPERATIONS.keys()


# ---- errors


def assert_right(failure: Failure, wrong: Wrong) -> None:
    assert failure.kind == wrong.kind
    assert wrong.words in failure.detail
    assert failure.retry_after == wrong.retry_after
    for dialect in DIALECTS.values():
        said: Json = dialect.render_error(failure)
        assert wrong.words in orjson.dumps(said).decode()
        assert dialect.render_error_event(failure)


@pytest.mark.parametrize(("name", "wrong"), ERRORS.items(), ids=ERRORS)
def test_an_error_has_the_right_kind_and_the_providers_words(name: str, wrong: Wrong, recordings: Path) -> None:
    recording = RECORDINGS[name]
    assert_right(recording.dialect.parse_error(recording.status, recording.headers, recording.body), wrong)


@pytest.mark.parametrize(("name", "wrong"), IN_STREAMS.items(), ids=IN_STREAMS)
def test_an_error_inside_a_stream_is_one(name: str, wrong: Wrong, recordings: Path) -> None:
    recording = RECORDINGS[name]
    with pytest.raises(Failure) as failure:
        parse(recording.dialect, recording.body)
    assert_right(failure.value, wrong)
