"""One road to a raw upstream for requests that are relayed as they came, and a client that records what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from proxy.call import Outcome, Target
from proxy.providers import Endpoint, all_providers
from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.connection import Connection
from proxy.upstream.credentials.fresh import Fresh, Token
from proxy.upstream.credentials.signs import Aws, Signs
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.raw import RAW, Raw, RawCall
from proxy.upstream.road import Road, Timeouts
from proxy.upstream.upload import Upload
from tests.upstream.lane import KEY, Recorder
from tests.upstream.raw import RawUpstream

NOW = 1_700_000_000.0
SECRET_KEY = "aws-canary-secret-0123"


def aws_keys() -> Aws:
    """What signs as Bedrock wants it."""

    async def fetch() -> Token[AwsKeys]:
        return Token(AwsKeys("AKIDEXAMPLE", SECRET_KEY), NOW + 3600)

    return Aws(Fresh("keys", fetch, lambda: NOW, lambda: 0.5), "eu-west-1", "bedrock")


class Relay:
    """`ask` relays one request. Whatever happens, `numbers` tell of nothing that was left."""

    def __init__(
        self, raw: RawUpstream, kind: str = "openai", signs: Signs | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._raw = raw
        self.client = Recorder()
        self.endpoint = Endpoint("up", kind, all_providers()[kind], f"{raw.origin}/v1", "" if signs else KEY)
        self.pool = Pool("up", self._dial, Limits(), self._loop)
        self.road = Road(self.endpoint, self.pool, timeouts or Timeouts(5, 5, 5, 5), signs=signs, wall=lambda: NOW)
        self.handler = Raw({"up": self.road}, self._loop, self._loop.time)

    async def _dial(self) -> Connection:
        loop = self._loop
        return (await loop.create_connection(lambda: Connection(loop), "127.0.0.1", self._raw.port))[1]

    def call(
        self,
        method: str = "GET",
        path: str = "/files",
        upload: bytes | Upload = b"",
        operation: str = RAW,
        model: str = "",
        caller: Mapping[str, str] | None = None,
    ) -> RawCall:
        self.client = Recorder()
        call = RawCall("id-1", "openai", operation, b"", {}, model or RAW, False, caller or {}, self.client)
        call.method, call.path, call.upload = method, path, upload
        call.target = Target("up", model, self.endpoint)
        return call

    async def ask(self, method: str = "GET", path: str = "/files", upload: bytes | Upload = b"") -> Outcome:
        return await self.handler(self.call(method, path, upload))

    @property
    def numbers(self) -> tuple[int, int]:
        """Connections in use, and idle ones."""
        numbers = self.pool.statistics()
        return numbers["active"], numbers["idle"]


async def coming(*pieces: bytes) -> AsyncIterator[bytes]:
    """A body that comes in these pieces."""
    for piece in pieces:
        yield piece
