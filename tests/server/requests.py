"""Requests as the parser gives them, without a connection; and what a handler of one says to its application."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from aiohttp import HttpVersion11, StreamReader
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from proxy.server.client import OpenResponse
from proxy.server.connection import Request


class Side:
    """What stands for an OpenResponse: `leave` counts how often the application was told to go on."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.keep_alive = True
        self.leave = 0

    def proceed(self) -> None:
        self.leave += 1


def requested(
    method: str,
    path: str,
    *pieces: bytes,
    coming: bool = False,
    chunked: bool = False,
    packed: str | None = None,
    **headers: str,
) -> Request:
    """Its body has come already, all of it; or it is `coming`, a piece with each turn of the loop."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if not chunked and pieces and "content-length" not in named:
        named["content-length"] = str(len(b"".join(pieces)))
    found = CIMultiDictProxy(CIMultiDict(named))
    raw = tuple((name.encode(), value.encode()) for name, value in named.items())
    head = RawRequestMessage(method, path, HttpVersion11, found, raw, False, packed, False, chunked, URL("/"))
    body = StreamReader(cast(Any, Flow()), 1 << 16, loop=asyncio.get_running_loop())
    feed(body, list(pieces), coming)
    return Request(head, body)


def feed(body: StreamReader, pieces: list[bytes], coming: bool) -> None:
    while pieces and not coming:
        body.feed_data(pieces.pop(0))
    if not pieces:
        body.feed_eof()
        return
    body.feed_data(pieces.pop(0))
    asyncio.get_running_loop().call_soon(feed, body, pieces, coming)


def answering(request: Request) -> tuple[OpenResponse, Side]:
    side = Side(request)
    return cast(Any, side), side


class Flow:
    """A protocol that nobody has to slow down."""

    _reading_paused = False
    connected = True

    def pause_reading(self) -> None: ...
    def resume_reading(self, resume_parser: bool = True) -> None: ...
