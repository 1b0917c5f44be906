"""Where a question goes; how it is signed is seen where lists and probes ask."""

from __future__ import annotations

import pytest

from proxy.providers import Endpoint, all_providers
from proxy.upstream.question import url_of

PATHS = [
    ("/models", "", "http://h/v1/models"),
    ("/models", "limit=5", "http://h/v1/models?limit=5"),
    ("/{region}/models", "", "http://h/v1/a%2Fb%20c/models"),
]


@pytest.mark.parametrize(("path", "query", "url"), PATHS)
def test_where_it_goes(path: str, query: str, url: str) -> None:
    options = {"region": "a/b c"}
    endpoint = Endpoint("up", "openai", all_providers()["openai"], "http://h/v1", options=options)
    assert str(url_of(endpoint, path, query)) == url


def test_a_path_with_a_query_of_its_own_keeps_it() -> None:
    endpoint = Endpoint("up", "openai", all_providers()["openai"], "http://h/v1")
    assert str(url_of(endpoint, "/models?a=1", "b=2")) == "http://h/v1/models?a=1&b=2"
