"""The ordinary way: aiohttp's server, one ClientSession, the body handed on as it arrives. No policy, no key.

This is what most Python proxies are at heart and what Outrider's requests per second are compared with, so it gets
every advantage that is idiomatic: uvloop, no access log, one session, no decompression, no connection limit.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import aiohttp
import uvloop
from aiohttp import web

#: RFC 9110 section 7.6.1: these belong to one connection, and each side's own library writes them anew.
HOP = frozenset(("connection", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"))
ORIGIN = web.AppKey("ORIGIN", str)
SESSION = web.AppKey("SESSION", aiohttp.ClientSession)


async def relay(request: web.Request) -> web.StreamResponse:
    url = request.app[ORIGIN] + request.path_qs
    headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
    body = await request.read()
    async with request.app[SESSION].request(request.method, url, headers=headers, data=body) as answer:
        passed = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        response = web.StreamResponse(status=answer.status, headers=passed)
        await response.prepare(request)
        async for data in answer.content.iter_any():
            await response.write(data)
        await response.write_eof()
    return response


async def session(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as app[SESSION]:
        yield


def application(origin: str) -> web.Application:
    app = web.Application()
    app[ORIGIN] = origin
    app.cleanup_ctx.append(session)
    app.router.add_route("*", "/{path:.*}", relay)
    return app


if __name__ == "__main__":
    port, upstream = sys.argv[1:]
    app = application(f"http://127.0.0.1:{upstream}")
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None, loop=uvloop.new_event_loop())
