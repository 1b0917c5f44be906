"""The count of exceptions per provider, at the end of a run that looked at the recordings."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    from tests.matrix.excuses import COUNTED

    if COUNTED:
        said = ", ".join(f"{folder} {number}" for folder, number in sorted(COUNTED.items()) if number)
        terminalreporter.write_line(f"exceptions for recorded traffic: {said}; none for the others")
