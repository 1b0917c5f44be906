"""Run the Node SDKs against a sidecar of their own: `python -m tests.node`, after `npm ci` in this folder.

The scripts are chosen by what is asked, so that the applications need no way to say what they want to hear.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.sdk.casts import WIRES
from tests.sdk.conftest import HOUSE
from tests.sdk.scenes import Answer, Broken, Heard, Made, Refusal, Script
from tests.sdk.sidecar import Running, serving
from tests.sdk.upstreams.provider import KEY, Providers

FOLDER = Path(__file__).parent
LIMIT = 300.0
WORDS = "Hello, wörld of 🌍 streams"
COMPLAINT = "the provider's own words"
CALLS = (
    Made("call_zurich", "get_weather", {"city": "Zürich", "days": [1, 2]}),
    Made("call_bern", "get_weather", {"city": "Bern"}),
)
RESULTS = [(call.name, call.arguments, f"weather of {call.arguments['city']}") for call in CALLS]

SCRIPTS: Mapping[str, Script] = {
    "Hello?": Answer(WORDS),
    "Call the tools.": Answer(calls=CALLS),
    "Refuse with 400.": Refusal(400, COMPLAINT),
    "Refuse with 429.": Refusal(429, COMPLAINT, {"retry-after": "7"}),
    "Refuse with 500.": Refusal(500, COMPLAINT),
    "Break with an error.": Broken("so far so good", "error", COMPLAINT),
    "Break early.": Broken("so far so good", "early"),
}


class Scenes(Providers):
    def script_for(self, heard: Heard) -> Script:
        if not heard.results:
            return SCRIPTS[heard.words]
        if sorted(map(repr, heard.results)) != sorted(map(repr, RESULTS)):
            raise ValueError(f"the results are {heard.results}")
        return Answer("Sunny.")


def main() -> int:
    scenes = {
        "models": {name: f"{name}:{wire.model}" for name, wire in WIRES.items()},
        "words": WORDS,
        "calls": [call.arguments for call in CALLS],
        "complaint": COMPLAINT,
    }
    providers = Scenes()
    with providers.listening(), TemporaryDirectory() as folder, house_at(providers, Path(folder)) as house:
        environment = {
            "PATH": os.environ["PATH"],
            "OPENAI_BASE_URL": f"{house.url}/v1",
            "OPENAI_API_KEY": "sk-app-own-key",
            "ANTHROPIC_BASE_URL": house.url,
            "ANTHROPIC_API_KEY": "sk-app-own-key",
            "OUTRIDER_SCENES": json.dumps(scenes),
        }
        command = ["node", "--test", *sys.argv[1:], str(FOLDER / "matrix.test.mjs")]
        return subprocess.run(command, env=environment, timeout=LIMIT, check=False).returncode


def house_at(providers: Providers, folder: Path) -> AbstractContextManager[Running]:
    return serving(HOUSE.format(upstream=providers.url, key=KEY), folder)


if __name__ == "__main__":
    sys.exit(main())
