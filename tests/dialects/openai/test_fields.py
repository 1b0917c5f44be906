"""Everything is OpenAI's but what the hub has for others."""

from proxy.dialects.capabilities import ROWS
from proxy.dialects.openai.fields import OURS, SUPPORT, TRANSLATED, UNSAID


def test_the_exceptions_are_rows_and_stand_once() -> None:
    assert {*ROWS} >= OURS | TRANSLATED | UNSAID
    assert len(OURS) + len(TRANSLATED) + len(UNSAID) == len(OURS | TRANSLATED | UNSAID)


def test_the_rest_is_native() -> None:
    native = {row for row, said in SUPPORT.items() if said == "native"}
    assert native == {*ROWS} - OURS - TRANSLATED - UNSAID
