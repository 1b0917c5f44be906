"""What the sidecar leans on beside providers: the store that pods share, and a sidecar that runs already."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex

import orjson

from proxy.config.limits import Sharing
from proxy.doctor.finding import FAILED, OK, Finding
from proxy.redis_client import RedisMissing
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.fresh import Unavailable
from proxy.upstream.store import RedisStore, StoreError

#: Addresses to listen on that are none to be asked at.
ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
STORE_ADVICE = "check sharing.redis, user and password, and egress to it; meanwhile each pod keeps to its own share"
#: The doctor counts itself apart from the pods.
APART = "doctor-"


async def store_finding(sharing: Sharing, seconds: float) -> Finding:
    """It is asked as a sidecar asks, by a script, under a prefix that is no pod's."""
    where = f"sharing.redis ({sharing.redis.rpartition('@')[2]})"
    password = sharing.password.value if sharing.password is not None else None
    try:
        store = RedisStore(sharing.redis, f"{APART}{token_hex(4)}", seconds / 3, sharing.username, password)
    except RedisMissing as trouble:
        return Finding("sharing", "redis", FAILED, str(trouble), "install the package")
    try:
        await store.beat("doctor")
    except StoreError as trouble:
        return Finding("sharing", "redis", FAILED, f"{where}: {trouble}", STORE_ADVICE)
    finally:
        await store.close()
    return Finding("sharing", "redis", OK, f"{where} answers, and runs scripts")


async def running_sidecar(hosts: Sequence[str], port: int, asker: Asker, seconds: float) -> str | None:
    """What is known of a sidecar that answers at the ops port; None where there is none."""
    if not port:
        return None
    host = ANY.get(hosts[0], f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0])
    try:
        answer = await asker.ask("GET", f"http://{host}:{port}/status.json", seconds=seconds, proxied=False)
        status = orjson.loads(answer.body)
        version, fingerprint = status["version"], status["config_fingerprint"]
    except (Unavailable, orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return f"a running sidecar ({str(version)[:32]}, configuration {str(fingerprint)[:12]})"
