"""One Chromium for each process of tests, and a page for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.browser.browser import Page, browser, chromium, new_page


@pytest.fixture(scope="session")
def chromium_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if chromium() is None:
        pytest.skip("chromium is not installed: `make tools` does, on Debian")
    with browser(tmp_path_factory.mktemp("chromium")) as port:
        yield port


@pytest.fixture
async def page(chromium_port: int) -> AsyncIterator[Page]:
    async with new_page(chromium_port) as found:
        yield found
