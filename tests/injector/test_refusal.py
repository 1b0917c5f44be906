"""What is refused by the API can be caught by those who know no HTTP."""

from __future__ import annotations

import subprocess
import sys

from proxy.injector.refusal import ClusterError


def test_it_says_status_reason_and_words() -> None:
    error = ClusterError(409, "GET /x: status 409: modified", "Conflict")
    assert (error.status, error.reason, str(error)) == (409, "Conflict", "GET /x: status 409: modified")


def test_the_rules_of_rotation_need_no_http_client() -> None:
    told = "import sys; import proxy.injector.rotation, proxy.injector.events; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], timeout=30, check=False).returncode == 0
