"""What every test may ask for. Fixtures of one area live beside that area's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded provider traffic, one folder per provider; without it the test is skipped."""
    folder = ROOT.parent / "shared" / "wire"
    if not folder.is_dir():
        pytest.skip(f"no recordings: {folder} does not exist")
    return folder
