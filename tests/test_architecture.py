"""The tree keeps the rules of architecture.py; each is tried on planted files, for a rule that cannot fail is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import architecture as house
from tests.architecture import Module, Rule

ROOT = Path(__file__).parent.parent

#: Stands beside each planted file, so that there is another dialect to know.
COHERE = Module("proxy/dialects/cohere/__init__.py", '"""Another dialect."""')

FORTY_ONE_LINES = "def f():\n" + "    x = 1\n" * 40
TEN_LINES = "def f():\n" + "    x = 1\n" * 9
DESCRIBED = 'def f():\n    """\n' + "    words\n" * 60 + '    """'

#: rule -> planted files that break it: path, source, words the complaint must contain
BROKEN: dict[Rule, list[tuple[str, str, str]]] = {
    house.imports_point_down: [
        ("proxy/call.py", "from proxy.wire import sse", "proxy.wire.sse"),
        ("proxy/wire/sse.py", "import proxy.dialects", "proxy.dialects"),
        ("proxy/dialects/x/request.py", "from proxy import providers", "proxy.providers"),
        ("proxy/policies/retry.py", "def f():\n    from proxy.dialects.openai import DIALECT", "proxy.dialects"),
        ("proxy/policies/retry.py", "from proxy.providers.groq import PROVIDER", "proxy.providers"),
        ("proxy/server/ops.py", "from proxy.policies.metrics import Metrics", "proxy.policies"),
        ("proxy/server/ops.py", "from proxy.app import main", "proxy.app"),
        ("proxy/upstream/pool.py", "from proxy.server.client import Answer", "proxy.server"),
        ("proxy/injector/webhook.py", "from proxy.config import load", "proxy.config"),
        ("proxy/novelty.py", "", "a row in IMPORTS"),
    ],
    house.dialects_know_only_the_hub: [
        ("proxy/dialects/gemini/reply.py", "from proxy.dialects.cohere.reply import x", "must not know cohere"),
        ("proxy/dialects/openai/reply.py", "import proxy.dialects.cohere", "must not know cohere"),
    ],
    house.pure_means_pure: [
        ("proxy/translate.py", "import time", "time"),
        ("proxy/dialects/x/reply.py", "from os import environ", "os.environ"),
        ("proxy/injector/patch.py", "import asyncio", "asyncio"),
        ("proxy/signing.py", "import datetime\ndatetime.datetime.now()", "now()"),
        ("proxy/prices.py", "open('prices.json')", "open()"),
    ],
    house.aiohttp_stays_at_the_edges: [
        ("proxy/policies/cache.py", "import aiohttp.web", "aiohttp"),
        ("proxy/injector/patch.py", "from aiohttp import web", "aiohttp"),
    ],
    house.the_core_needs_no_package: [("proxy/wire/sse.py", "import orjson", "orjson")],
    house.every_file_has_its_twin: [
        ("proxy/wire/ndjson.py", "", "tests/wire/test_ndjson.py"),
        ("proxy/__main__.py", "", "tests/test_main.py"),
        ("proxy/providers/groq.py", "PROVIDER = 1", "tests/providers/test_conformance.py"),
        ("proxy/providers/azure.py", "def path(model): ...", "tests/providers/test_azure.py"),
    ],
    house.names_say_something: [
        ("proxy/utils.py", "", "`utils`"),
        ("proxy/upstream/pool_manager.py", "", "`manager`"),
        ("tests/helpers.py", "", "`helpers`"),
    ],
    house.every_folder_is_a_package: [("proxy/upstream/mock/script.py", "", "add proxy/upstream/mock/__init__.py")],
    house.every_file_says_what_it_knows: [
        ("proxy/wire/__init__.py", "", "docstring"),
        ("tests/wire/test_ndjson.py", "x = 1", "docstring"),
    ],
    house.files_stay_small: [("proxy/app.py", "x = 1\n" * 251, "251 lines")],
    house.functions_stay_small: [
        ("proxy/app.py", FORTY_ONE_LINES, "f() has 41 lines"),
        ("proxy/app.py", TEN_LINES, "median function has 10 lines"),
    ],
}

#: rule -> planted files that come close and keep it: path, source
KEPT: dict[Rule, list[tuple[str, str]]] = {
    house.imports_point_down: [
        ("proxy/upstream/exchange.py", "from proxy import call, __version__\nimport proxy.translate"),
        ("proxy/config/decode.py", "import proxy.config.file"),
        ("proxy/__main__.py", "from proxy.app import main"),
        ("tests/test_app.py", "from proxy.app import main"),
    ],
    house.dialects_know_only_the_hub: [
        ("proxy/dialects/gemini/reply.py", "from proxy.dialects.openai.reply import x\nfrom proxy.dialects import y"),
        ("proxy/dialects/__init__.py", "from proxy.dialects.cohere import DIALECT"),
    ],
    house.pure_means_pure: [
        ("proxy/upstream/pool.py", "import asyncio, time\ntime.monotonic()"),
        ("proxy/signing.py", "import datetime\ndef sign(now: datetime.datetime) -> str: ..."),
    ],
    house.aiohttp_stays_at_the_edges: [("proxy/injector/webhook.py", "from aiohttp import web")],
    house.the_core_needs_no_package: [("proxy/wire/sse.py", "import re, zlib\nfrom proxy.call import Failure")],
    house.every_file_has_its_twin: [("proxy/wire/__init__.py", "")],
    house.names_say_something: [("proxy/base_url.py", "")],
    house.every_file_says_what_it_knows: [("tests/wire/__init__.py", "")],
    house.functions_stay_small: [("proxy/app.py", DESCRIBED)],
}


def read_tree() -> list[Module]:
    paths = sorted(path for folder in ("proxy", "tests") for path in (ROOT / folder).rglob("*.py"))
    return [Module(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths]


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    complaints = list(rule(read_tree()))
    assert not complaints, "\n".join(["", *complaints])


@pytest.mark.parametrize(("rule", "planted"), [(rule, planted) for rule, files in BROKEN.items() for planted in files])
def test_a_broken_rule_is_noticed(rule: Rule, planted: tuple[str, str, str]) -> None:
    path, source, words = planted
    assert [words in complaint for complaint in rule([COHERE, Module(path, source)])].count(True) == 1


@pytest.mark.parametrize(("rule", "planted"), [(rule, planted) for rule, files in KEPT.items() for planted in files])
def test_a_kept_rule_is_silent(rule: Rule, planted: tuple[str, str]) -> None:
    assert list(rule([COHERE, Module(*planted)])) == []


def test_every_rule_is_tried() -> None:
    assert set(BROKEN) == set(house.RULES)
