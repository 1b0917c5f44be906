"""Fetching for a caller: from a real server on the loopback, with names that a script resolves."""

import asyncio
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from proxy.call import Failure, Json
from proxy.upstream.fetch import Fetcher, Reach, sniff
from tests.upstream.certificates import Authority

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24
PDF = b"%PDF-1.7\n%%EOF"
IMAGE, FILE = frozenset({"image"}), frozenset({"file"})
REACH = Reach(allow_http=True, allow_private=True, ports=None, seconds=5, limit=100_000)
HOME = "127.0.0.1"


class Names(AbstractResolver):
    """Each look-up of a name takes its next list of addresses; the last one stays. `asked` counts."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): lists for name, lists in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        lists = self._answers.get(host)
        if lists is None:
            raise OSError(None, "unknown host")
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None: ...


class Site:
    """A server whose pages are scripted. `visits` are the paths asked for, `headers` those of the last visit."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        self.visits: list[str] = []
        self.headers: dict[str, str] = {}
        self.gone = asyncio.Event()
        self.app = web.Application()
        self.app.router.add_get("/{page}", self._answer)
        self.server = TestServer(self.app)

    def url(self, page: str, host: str = "site.test", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.server.port}/{page}"

    def put(self, page: str, body: bytes = PNG, kind: str = "image/png", status: int = 200, **headers: str) -> None:
        told = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(body=body, status=status, headers={"content-type": kind, **told})

        self.pages[page] = answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        page = request.match_info["page"]
        self.visits.append(page)
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        return await self.pages[page](request)


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    await site.server.start_server()
    yield site
    await site.server.close()


Made = Callable[..., Fetcher]


@pytest_asyncio.fixture
async def fetcher() -> AsyncIterator[Made]:
    made: list[Fetcher] = []

    def make(
        reach: Reach = REACH, names: Names | None = None, may_reach: Callable[[str], bool] | None = None
    ) -> Fetcher:
        made.append(Fetcher(reach, names or Names(site_test=[[HOME]]), may_reach))
        return made[-1]

    yield make
    for each in made:
        await each.close()


def images(*urls: str) -> Json:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"model": "m", "messages": [{"role": "user", "content": parts}]}


def file(url: str) -> Json:
    return {"messages": [{"role": "tool", "content": [{"type": "file", "file": {"file_url": url}}]}]}


def urls_in(unified: Json) -> list[str]:
    return [part["image_url"]["url"] for part in unified["messages"][0]["content"]]


def written(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"


async def refused(fetcher: Fetcher, unified: Json, kinds: frozenset[str] = IMAGE) -> str:
    """The words of the failure, which names the part."""
    with pytest.raises(Failure) as caught:
        await fetcher.inline(unified, kinds)
    assert caught.value.kind == "invalid_request"
    assert caught.value.param is not None
    assert caught.value.param.startswith("messages[0].content[0].")
    assert caught.value.detail.startswith(caught.value.param)
    return caught.value.detail


# ---- what is fetched


async def test_an_image_takes_the_place_of_its_address(site: Site, fetcher: Made) -> None:
    site.put("a.png")
    unified = images(site.url("a.png"))
    copy, rows = await fetcher().inline(unified, IMAGE)
    assert urls_in(copy) == [written(PNG)]
    assert rows == ["messages.image.url"]
    assert urls_in(unified) == [site.url("a.png")]
    assert site.headers["accept-encoding"] == "identity"
    assert not site.headers.keys() & {"cookie", "authorization", "referer"}


async def test_nothing_to_fetch_makes_no_copy_and_no_session(fetcher: Made) -> None:
    unified = images("data:image/png;base64,AAAA")
    made = fetcher()
    copy, rows = await made.inline(unified, IMAGE)
    assert copy is unified
    assert rows == []
    assert made._session is None


async def test_the_content_decides_which_image_it_is(site: Site, fetcher: Made) -> None:
    site.put("a", b"RIFF\x10\0\0\0WEBPVP8 ", "image/x-unknown")
    copy, _ = await fetcher().inline(images(site.url("a")), IMAGE)
    assert urls_in(copy)[0].startswith("data:image/webp;base64,")
    assert sniff(b"RIFF\x10\0\0\0WAVEfmt ") is None


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (PDF, "application/pdf", written(PDF, "application/pdf")),
        (b"hello", "text/plain; charset=utf-8", written(b"hello", "text/plain")),
        ("hé".encode("latin-1"), "text/markdown; charset=iso-8859-1", written("hé".encode(), "text/markdown")),
        (PNG, "image/png", written(PNG)),
    ],
)
async def test_files(site: Site, fetcher: Made, body: bytes, kind: str, said: str) -> None:
    site.put("a", body, kind)
    copy, rows = await fetcher().inline(file(site.url("a")), FILE)
    assert copy["messages"][0]["content"] == [{"type": "file", "file": {"file_data": said}}]
    assert rows == ["messages.file.url"]


async def test_large_content_comes_whole(site: Site, fetcher: Made) -> None:
    large = PNG + bytes(range(256)) * 350
    site.put("a", large)
    copy, _ = await fetcher().inline(images(site.url("a")), IMAGE)
    assert urls_in(copy) == [written(large)]


async def test_redirects_are_followed(site: Site, fetcher: Made) -> None:
    site.put("one", status=301, location="/two")
    site.put("two", status=307, location=site.url("three"))
    site.put("three", status=302, location="a.png")
    site.put("a.png")
    copy, _ = await fetcher().inline(images(site.url("one")), IMAGE)
    assert urls_in(copy) == [written(PNG)]
    assert site.visits == ["one", "two", "three", "a.png"]


# ---- what is refused


async def test_by_default_only_https(site: Site, fetcher: Made) -> None:
    made = fetcher(Reach())
    assert "must begin with https://" in await refused(made, images(site.url("a.png")))
    assert "must not name the port" in await refused(made, images(site.url("a.png", scheme="https")))
    assert made._session is None


@pytest.mark.parametrize(
    "addresses", [[HOME], ["10.0.0.1"], ["169.254.169.254"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"]]
)
async def test_a_name_of_the_inner_network_is_not_connected_to(site: Site, fetcher: Made, addresses: list[str]) -> None:
    site.put("a.png")
    made = fetcher(replace(REACH, allow_private=False), Names(site_test=[addresses]))
    said = await refused(made, images(site.url("a.png")))
    assert said.endswith("is not on the public internet")
    assert site.visits == []


@pytest.mark.parametrize("host", [HOME, "[::1]", "0", "2130706433", "127.1", "0x7f000001"])
async def test_nor_is_an_address_of_it(site: Site, fetcher: Made, host: str) -> None:
    numbers = Names(**{"0": [["0.0.0.0"]], "2130706433": [[HOME]], "127_1": [[HOME]], "0x7f000001": [[HOME]]})
    made = fetcher(replace(REACH, allow_private=False), numbers)
    await refused(made, images(site.url("a.png", host)))
    assert site.visits == []


@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:{port}/a.png", "http://inner.test:{port}/a.png", "//[::1]:{port}/a.png"]
)
async def test_a_redirect_to_the_inner_network_is_not_followed(site: Site, fetcher: Made, location: str) -> None:
    site.put("one", status=302, location=location.format(port=site.server.port))
    site.put("a.png")
    names = Names(site_test=[[HOME]], inner_test=[["127.0.0.3"]])
    made = fetcher(names=names, may_reach=lambda address: address == HOME)
    assert (await refused(made, images(site.url("one")))).endswith("is not on the public internet")
    assert site.visits == ["one"]


async def test_an_answer_of_dns_that_changes_is_looked_at_again(site: Site, fetcher: Made) -> None:
    """What was seen is what is connected to: there is one look-up for a connection, and each is looked at."""
    site.put("one", status=302, location=site.url("a.png"))
    site.put("a.png")
    names = Names(site_test=[[HOME], ["10.0.0.1"]])
    made = fetcher(names=names, may_reach=lambda address: address == HOME)
    assert (await refused(made, images(site.url("one")))).endswith("is not on the public internet")
    assert names.asked == ["site.test", "site.test"]
    assert site.visits == ["one"]


async def test_a_redirect_may_not_leave_https_or_carry_a_password(site: Site, fetcher: Made) -> None:
    site.put("one", status=302, location="ftp://site.test/a.png")
    site.put("two", status=302, location=f"http://user:secret@site.test:{site.server.port}/a.png")
    assert "must begin with" in await refused(fetcher(), images(site.url("one")))
    said = await refused(fetcher(), images(site.url("two")))
    assert "user or password" in said
    assert "secret" not in said


async def test_redirects_have_an_end(site: Site, fetcher: Made) -> None:
    site.put("round", status=302, location="/round")
    assert "redirects more than 3 times" in await refused(fetcher(), images(site.url("round")))
    assert len(site.visits) == 4


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"<html>", "text/html", "is no image, but text/html"),
        (PNG, "application/octet-stream", "is no image"),
        (b"<html>secret</html>", "image/png", "says that it is image/png, and is something else"),
        (PDF, "image/png", "says that it is image/png, and is something else"),
        (b"<svg/>", "image/svg+xml", "is something else"),
        (b"", "image/png", "is something else"),
    ],
)
async def test_what_is_no_image(site: Site, fetcher: Made, body: bytes, kind: str, words: str) -> None:
    site.put("a", body, kind)
    said = await refused(fetcher(), images(site.url("a")))
    assert words in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe\xfd", "text/plain"),
        (b"x", "text/plain; charset=klingon"),
        (b"plain", "application/pdf"),
        (b"{}", "application/json"),
    ],
)
async def test_what_is_no_file(site: Site, fetcher: Made, body: bytes, kind: str) -> None:
    site.put("a", body, kind)
    await refused(fetcher(), file(site.url("a")), FILE)


async def test_what_the_server_answered_is_not_told(site: Site, fetcher: Made) -> None:
    site.put("a", b"secret", "image/png", 500, x_inner="secret")
    said = await refused(fetcher(), images(site.url("a")))
    assert said.endswith("its server answered 500")


async def test_packed_content_is_not_unpacked(site: Site, fetcher: Made) -> None:
    site.put("a", content_encoding="gzip")
    assert "compressed" in await refused(fetcher(), images(site.url("a")))


async def test_a_name_that_nobody_knows_and_a_port_where_nobody_is(site: Site, fetcher: Made) -> None:
    assert "its host is unknown" in await refused(fetcher(), images(site.url("a", "nowhere.test")))
    with socket.socket() as free:
        free.bind((HOME, 0))
        said = await refused(fetcher(), images(f"http://site.test:{free.getsockname()[1]}/a"))
    assert said.endswith("cannot be fetched")


@pytest.mark.parametrize("known", [True, False])
async def test_certificates_are_checked(site: Site, fetcher: Made, trusted: Authority, known: bool) -> None:
    site.put("a.png")
    await site.server.close()
    site.server = TestServer(site.app, port=0)
    await site.server.start_server(ssl=trusted.server() if known else trusted.self_signed())
    made = fetcher(replace(REACH, allow_http=False), Names(localhost=[[HOME]]))
    unified = images(site.url("a.png", "localhost", "https"))
    if known:
        assert urls_in((await made.inline(unified, IMAGE))[0]) == [written(PNG)]
    else:
        assert "certificate is not valid" in await refused(made, unified)
        assert site.visits == []


# ---- limits


def endless(
    site: Site, pause: float, announced: int | None = None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A body that goes on until the client has left, which sets `site.gone`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "image/png"})
        response.content_length = announced
        await response.prepare(request)
        try:
            await response.write(PNG)
            while True:
                await response.write(b"\0" * (1 if pause else 10_000))
                await asyncio.sleep(pause)
        finally:
            site.gone.set()

    return answer


async def test_an_endless_body_is_left(site: Site, fetcher: Made) -> None:
    site.pages["a"] = endless(site, 0)
    assert "is larger than 100000 bytes" in await refused(fetcher(), images(site.url("a")))
    await asyncio.wait_for(site.gone.wait(), 5)


async def test_a_body_announced_as_too_large_is_not_read(site: Site, fetcher: Made) -> None:
    site.pages["a"] = endless(site, 0.01, 100_001)
    assert "is larger than 100000 bytes" in await refused(fetcher(), images(site.url("a")))


async def test_a_slow_body_is_left(site: Site, fetcher: Made) -> None:
    site.pages["a"] = endless(site, 0.01)
    said = await refused(fetcher(replace(REACH, seconds=0.2)), images(site.url("a")))
    assert "took more than 0.2 seconds" in said
    await asyncio.wait_for(site.gone.wait(), 5)


async def test_so_many_addresses_for_a_call(site: Site, fetcher: Made) -> None:
    site.put("a.png")
    made = fetcher(replace(REACH, per_call=2))
    same = [site.url("a.png")] * 5
    assert urls_in((await made.inline(images(*same), IMAGE))[0]) == [written(PNG)] * 5
    with pytest.raises(Failure) as caught:
        await made.inline(images(*(site.url(f"{number}.png") for number in range(3))), IMAGE)
    assert caught.value.param == "messages[0].content[2].image_url.url"
    assert site.visits == ["a.png"]


async def test_so_many_at_once(site: Site, fetcher: Made) -> None:
    """They go in pairs: the barrier lets nobody through alone."""
    inside, most = 0, 0
    pairs = asyncio.Barrier(2)

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await pairs.wait()
        inside -= 1
        return web.Response(body=PNG, content_type="image/png")

    urls = []
    for number in range(6):
        site.pages[f"{number}.png"] = answer
        urls.append(site.url(f"{number}.png"))
    await fetcher(replace(REACH, at_once=2)).inline(images(*urls), IMAGE)
    assert most == 2


# ---- once


async def test_an_address_is_fetched_once_and_kept(site: Site, fetcher: Made) -> None:
    site.put("a.png")
    made = fetcher()
    unified = images(site.url("a.png"))
    await asyncio.gather(*(made.inline(unified, IMAGE) for _ in range(5)))
    await made.inline(unified, IMAGE)
    assert site.visits == ["a.png"]
    assert made.kept.size == len(written(PNG))


async def test_it_is_not_kept_for_long(site: Site, fetcher: Made) -> None:
    site.put("a.png")
    made = fetcher(replace(REACH, cache_seconds=0))
    for _ in range(2):
        await made.inline(images(site.url("a.png")), IMAGE)
    assert site.visits == ["a.png", "a.png"]


async def test_a_failure_is_not_kept(site: Site, fetcher: Made) -> None:
    made = fetcher()
    site.put("a.png", status=404)
    await refused(made, images(site.url("a.png")))
    site.put("a.png")
    await made.inline(images(site.url("a.png")), IMAGE)


async def test_who_leaves_does_not_take_it_from_others(site: Site, fetcher: Made) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.set()
        await go.wait()
        return web.Response(body=PNG, content_type="image/png")

    site.pages["a.png"] = answer
    made = fetcher()
    leaver, stayer = (asyncio.create_task(made.inline(images(site.url("a.png")), IMAGE)) for _ in range(2))
    await asyncio.wait_for(asked.wait(), 5)
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    go.set()
    copy, _ = await stayer
    assert urls_in(copy) == [written(PNG)]
    assert site.visits == ["a.png"]


async def test_when_nobody_waits_the_fetch_is_ended(site: Site, fetcher: Made) -> None:
    asked = asyncio.Event()
    body = endless(site, 0.005)

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.set()
        return await body(request)

    site.pages["a.png"] = answer
    made = fetcher(replace(REACH, limit=1 << 30, seconds=60))
    task = asyncio.create_task(made.inline(images(site.url("a.png")), IMAGE))
    await asyncio.wait_for(asked.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.wait_for(site.gone.wait(), 5)
    assert made._flights == {}


async def test_the_first_that_fails_ends_the_others(site: Site, fetcher: Made) -> None:
    site.put("bad.png", status=404)
    site.pages["slow.png"] = endless(site, 0.005)
    made = fetcher(replace(REACH, limit=1 << 30, seconds=60))
    assert "404" in await refused(made, images(site.url("bad.png"), site.url("slow.png")))
    assert made._flights == {}
