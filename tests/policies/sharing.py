"""Callers, a player of plain bytes and a memory: what the cache and its flights need, and nothing of the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from proxy.cache.recording import Recording
from proxy.call import Call, Client, Failure, Outcome, Target, Usage
from proxy.config.cache import Caching, Rule, rule_of
from proxy.policies.cache import Cache
from tests.cache.recordings import words
from tests.policies.apps import App
from tests.policies.clocked import Clock

USED = Usage(input=2, output=3)
TARGET = Target("up", "m", SimpleNamespace(kind="openai"))
OTHER = Target("other", "m", SimpleNamespace(kind="openai"))


class Words:
    """A Voice that says what it hears, between angles where it is another dialect; `!` cannot be said."""

    def __init__(self, same: bool) -> None:
        self.same = same

    def feed(self, data: bytes) -> bytes:
        if not self.same and b"!" in data:
            raise Failure("provider_error", "it cannot be said")
        return data if self.same else b"<%b>" % data

    def sink(self, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        return lambda data: write(self.feed(data))

    def end(self) -> bytes:
        return b"" if self.same else b"<end>"


class Player:
    """Tells a recording. Events end with a full stop."""

    def can_tell(self, call: Call, recording: Recording) -> bool:
        target = next((each for each in call.targets if each.name == recording.provider), None)
        if target is None or recording.stream != call.stream:
            return False
        call.target = target
        return True

    def start(self, call: Call, recording: Recording) -> None:
        call.client.start(200, [])

    def voice(self, call: Call, recording: Recording) -> Words:
        return Words(call.dialect == "openai")

    def voice_key(self, call: Call) -> tuple[object, ...]:
        return (call.dialect,)

    def end_of(self, call: Call, recording: Recording, said: Sequence[bytes] | None) -> tuple[bool, bool]:
        if call.dialect != "openai":
            return False, False
        heard = b"".join(said or ())
        return said is None or not heard.endswith(b"."), b"error" in heard

    def tell_whole(self, call: Call, recording: Recording) -> None:
        call.client.start(200, [])
        call.client.write(recording.body)

    def is_whole(self, recording: Recording) -> bool:
        return recording.body.endswith(b".")


class Memory:
    """A Store; `elsewhere` is what another pod has kept."""

    def __init__(self) -> None:
        self.kept: dict[str, Recording] = {}
        self.elsewhere: dict[str, Recording] = {}
        self.fetches = False

    def find(self, key: str, call: Call, max_age: float | None) -> Recording | None:
        return self.kept.get(key)

    async def fetch(self, key: str, call: Call, max_age: float | None) -> Recording | None:
        await asyncio.sleep(0)
        return self.elsewhere.get(key)

    def keep(self, key: str, model: str, recording: Recording) -> None:
        recording.pack()
        self.kept[key] = recording


class Pipe:
    """A Source: the provider's connection."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def pause(self) -> None:
        self.said.append("pause")

    def resume(self) -> None:
        self.said.append("resume")


def ask(stream: bool = False, dialect: str = "openai", targets: Sequence[Target] = (TARGET,), **fields: Any) -> Call:
    json = {"temperature": 0} if "json" not in fields else fields.pop("json")
    call = Call("id", dialect, "chat", b"{}", json, "alias", stream, {}, cast(Client, App()))
    call.targets, call.target = targets, targets[0]
    for name, value in fields.items():
        setattr(call, name, value)
    return call


def app(call: Call) -> App:
    return cast(App, call.client)


def rule(**said: Any) -> Rule:
    return rule_of(Caching(enabled=True, **said))


class Asked:
    """One call at the provider, answered step by step as the test says."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.pipe = Pipe()
        self.over: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def begin(self, first: bytes, target: Target | None = None) -> None:
        call, tape = self.call, self.call.tape
        assert tape is not None
        call.target = target or call.target
        call.client.start(200, [])
        call.client.follow(tape.follow(self.pipe))
        call.client.write(first)
        tape.begin(call, words(), 1)
        tape.keep(first)

    def more(self, data: bytes) -> None:
        assert self.call.tape is not None
        self.call.tape.keep(data)
        self.call.client.write(data)

    def complete(self) -> None:
        """All has come; the caller may still read."""
        assert self.call.tape is not None
        self.call.client.follow(None)
        self.call.tape.end(None, USED)

    def end(self) -> None:
        if self.call.tape is not None:
            self.complete()
        self.over.set_result(Outcome(200, USED, self.call.target))

    def whole(self, data: bytes) -> None:
        self.begin(data)
        self.end()

    def fail(self, failure: BaseException) -> None:
        self.over.set_exception(failure)


class Provider:
    """The innermost handler."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def __call__(self, call: Call) -> Outcome:
        asked = Asked(call)
        self.asked.append(asked)
        outcome = await asked.over
        await call.client.finish()
        return outcome


class Stage:
    """A cache with a provider behind it. `key` of a call is its json's `key`."""

    def __init__(self, own: Rule, key: Any = lambda call: str(call.json.get("key", "k"))) -> None:
        self.memory, self.provider, self.clock = Memory(), Provider(), Clock()
        loop = asyncio.get_running_loop()
        stores = {"": self.memory}
        self.cache = Cache({"": own}, stores, key, Player(), loop, self.clock, lambda: 1000.0)
        self.handler = self.cache.around(self.provider)
        self.tasks: list[asyncio.Task[Outcome]] = []

    async def send(self, *calls: Call) -> list[asyncio.Task[Outcome]]:
        made = [asyncio.ensure_future(self.handler(call)) for call in calls]
        for call, task in zip(calls, made, strict=True):
            app(call).task = task
        self.tasks += made
        await turns()
        return made


async def turns(count: int = 8) -> None:
    """Let everybody do what can be done at once."""
    for _ in range(count):
        await asyncio.sleep(0)


async def streaming(stage: Stage, followers: int = 1, dialect: str = "openai") -> tuple[Asked, list[Any]]:
    """A stream that has begun, its leader's call, and those of its followers."""
    calls = [ask(True), *(ask(True, dialect) for _ in range(followers))]
    for call in calls:
        await stage.send(call)
    [asked] = stage.provider.asked
    asked.begin(b"one.")
    await turns()
    return asked, calls
