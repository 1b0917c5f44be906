"""The programs that render and judge the charts, and each rendering done once for all tests of a process.

Where nobody says in which folder the programs are, there is nothing to collect.
"""

from __future__ import annotations

import os

from tests.chart.programs import PROGRAMS

collect_ignore_glob = [] if PROGRAMS in os.environ else ["test_*.py"]
