"""FAULTS: everything that can go wrong, one row each. The rows stand by what they break."""

from __future__ import annotations

from collections.abc import Mapping

from tests.chaos import faults_answers, faults_connecting, faults_streams
from tests.chaos.fault import Fault

ROWS = (*faults_connecting.ROWS, *faults_answers.ROWS, *faults_streams.ROWS)
FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in ROWS}
assert len(FAULTS) == len(ROWS), "two faults have one name"
