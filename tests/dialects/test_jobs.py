"""What every answer about a job must be before anything is made of it."""

from __future__ import annotations

import pytest

from proxy.call import Failure
from proxy.dialects.jobs import id_of, load_job


@pytest.mark.parametrize("name", ["ufawqhfynnddngldkgtslldrkq", "sync-79164ff4-d212_x-u1", "7"])
def test_an_id_goes_into_paths(name: str) -> None:
    assert id_of({"id": name}) == name


@pytest.mark.parametrize("name", [None, 7, "", "../x", "a/b", "a?b", "a b", "é", "-_", "x" * 201, "a\r\nb", "%2e"])
def test_what_could_lead_elsewhere_is_no_id(name: object) -> None:
    with pytest.raises(Failure) as caught:
        id_of({"id": name})
    assert caught.value.kind == "provider_error"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"a":'])
def test_an_answer_about_a_job_is_an_object(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        load_job(body)
    assert caught.value.kind == "provider_error"
    assert load_job(b'{"id":"a"}') == {"id": "a"}
