"""Secrets are overwritten wherever a stream is cut, everything else passes at once and unchanged."""

from __future__ import annotations

import pytest

from proxy.upstream.mask import Mask, begun_at_end

SECRET = b"sk-secret-1"
OTHER = b"s-3cr3t-of-another-kind"


def masked(*pieces: bytes, secrets: tuple[bytes, ...] = (OTHER, SECRET)) -> list[bytes]:
    written: list[bytes] = []
    mask = Mask(secrets, written.append)
    for piece in pieces:
        mask.write(piece)
    mask.end()
    return written


@pytest.mark.parametrize("secret", [SECRET, OTHER])
@pytest.mark.parametrize("text", [b"%b", b"a %b b", b"%b%b", b"ss%b", b"sk-sk-%bsk-"])
def test_a_secret_is_overwritten_wherever_the_stream_is_cut(secret: bytes, text: bytes) -> None:
    said = text.replace(b"%b", secret)
    wanted = text.replace(b"%b", b"*" * len(secret))
    for cut in range(len(said) + 1):
        for second in range(cut, len(said) + 1):
            assert b"".join(masked(said[:cut], said[cut:second], said[second:])) == wanted


def test_byte_by_byte() -> None:
    said = b"x" + SECRET + OTHER + b"s"
    wanted = b"x" + b"*" * (len(said) - 2) + b"s"
    assert b"".join(masked(*(said[at : at + 1] for at in range(len(said))))) == wanted


def test_what_is_no_secret_passes_at_once() -> None:
    assert masked(b"abc", b"def") == [b"abc", b"def"]


def test_only_what_may_be_the_beginning_of_a_secret_waits() -> None:
    written: list[bytes] = []
    mask = Mask([SECRET], written.append)
    mask.write(b"abc sk-")
    assert written == [b"abc "]
    mask.write(b"x")
    assert written == [b"abc ", b"sk-x"]
    mask.write(b"s")
    mask.end()
    mask.end()
    assert written == [b"abc ", b"sk-x", b"s"]


def test_without_secrets_everything_passes() -> None:
    assert masked(b"s", b"k-", secrets=()) == [b"s", b"k-"]


@pytest.mark.parametrize(
    ("data", "begun"), [(b"", 0), (b"x", 0), (b"xs", 1), (b"sk-s", 4), (b"sksk-", 3), (SECRET, 0), (SECRET[:-1], 10)]
)
def test_how_much_of_a_secret_has_begun(data: bytes, begun: int) -> None:
    assert begun_at_end(data, SECRET) == begun
