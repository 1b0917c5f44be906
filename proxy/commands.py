"""What `outrider check` and `outrider chat` do.

`check` shows what a configuration amounts to, keys masked, and opens no connection. `chat` is a client like any other:
it knows the sidecar by its address alone and is made of the standard library.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from proxy.terminal import write

if TYPE_CHECKING:
    from proxy.config import Config, ConfigError
    from proxy.routing import Router

OK = 0
FAILED = 1
REFUSED = 2
INTERRUPTED = 130


def check(
    path: str | None, keys: str | None = None, *, schema: bool = False, as_json: bool = False, every: bool = False
) -> int:
    """Print what the configuration amounts to. 0: it holds; 1: an alias leads nowhere; 2: it has a fault.

    every: settings that are defaults are shown, too; as JSON all of them are.
    """
    from proxy import config
    from proxy.commands_settings import setting_lines, settings

    if schema:
        print(json.dumps(config.schema(), indent=2))
        return OK
    try:
        loaded = config.load(path, os.environ, keys)
    except config.ConfigError as error:
        return _show_faults(error, as_json)
    file = config.locate(path, os.environ)
    environ = config.surroundings(loaded, os.environ)
    report = _report(loaded, str(file or "built-in defaults")) | {"settings": settings(loaded, file, environ)}
    lines = [*_lines(report), *setting_lines(report, every=every)]
    write((json.dumps(report, indent=2) if as_json else "\n".join(lines)) + "\n")
    return OK if report["ok"] else FAILED


def _show_faults(error: ConfigError, as_json: bool) -> int:
    faults = [{"path": fault.path, "value": fault.value, "allowed": fault.allowed} for fault in error.every]
    if as_json:
        print(json.dumps({"ok": False, "faults": faults}, indent=2))
    else:
        print(*(f"outrider: {fault}" for fault in error.every), sep="\n", file=sys.stderr)
    return REFUSED


def _report(config: Config, source: str) -> dict[str, Any]:
    from proxy.config import aliases, endpoints, fingerprint
    from proxy.config.listen import OPEN, OPEN_ADVICE, open_hosts
    from proxy.routing import Router

    on, off = endpoints(config)
    router = Router(on, off, aliases(config))
    resolved = [_resolved(router, alias.model) for alias in config.models]
    return {
        "ok": all("fault" not in alias for alias in resolved),
        "source": source,
        "fingerprint": fingerprint(config),
        "listen": [_address(host, config.listen.port) for host in config.listen.hosts],
        "ops": [_address(host, config.ops.port) for host in config.ops.hosts],
        "providers": [_provider(config, name, off) for name in config.providers],
        "aliases": resolved,
        "warnings": [f"listen.hosts: {host} is {OPEN}; {OPEN_ADVICE}" for host in open_hosts(config.listen)],
    }


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _provider(config: Config, name: str, off: Mapping[str, str]) -> dict[str, Any]:
    from proxy.config import surroundings
    from proxy.config.clouds import credentials_of
    from proxy.providers import all_providers

    environ = surroundings(config, os.environ)
    entry = config.providers[name]
    keys = [{"masked": key.masked, "from": key.origin} for key in entry.api_keys or filter(None, [entry.api_key])]
    cloud = "" if keys else all_providers()[entry.kind].cloud
    address = "embedded" if all_providers()[entry.kind].mock else entry.base_url
    return {
        "name": name,
        "kind": entry.kind,
        "on": name not in off,
        "why": off.get(name),
        "address": address,
        "key": keys[0] if keys else None,
        "keys": keys,
        "cloud": cloud or None,
        "credentials": credentials_of(cloud, entry.options, environ, os.path.isfile) if cloud else None,
        "options": entry.options,
    }


def _resolved(router: Router, alias: str) -> dict[str, Any]:
    from proxy.call import Failure

    try:
        return {"model": alias, "targets": [f"{target.name}:{target.model}" for target in router.resolve(alias)]}
    except Failure as failure:
        return {"model": alias, "targets": [], "fault": failure.detail}


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"configuration  {report['source']} ({report['fingerprint']})"
    yield f"listen         {', '.join(report['listen'])}"
    yield f"ops            {', '.join(report['ops'])}"
    yield "providers"
    width = max(len(provider["name"]) for provider in report["providers"])
    for provider in report["providers"]:
        yield f"  {provider['name']:<{width}}  {_state(provider)}"
    yield from (f"warning        {warning}" for warning in report["warnings"])
    if report["aliases"]:
        yield "aliases"
    for alias in report["aliases"]:
        yield f"  {alias['model']} -> {', '.join(alias['targets']) or 'nothing: ' + alias['fault']}"


def _state(provider: Mapping[str, Any]) -> str:
    if not provider["on"]:
        return f"off  {provider['why']}"
    signs = [f"key {key['masked']} from {key['from']}" for key in provider["keys"]]
    signs += [provider["credentials"]] if provider["credentials"] else []
    return f"on   {provider['address']}" + (f"  {', '.join(signs)}" if signs else "")


def chat(
    text: str, model: str, url: str, *, system: str | None = None, stream: bool = True, as_json: bool = False
) -> int:
    """Ask once and print the answer. 0: it is complete; 1: it is not, and standard error says why; 2: no such URL.

    as_json: the whole reply, of one that is not streamed; an error of the sidecar's too.
    """
    try:
        connection, path = _connect(url)
    except (ValueError, http.client.InvalidURL):
        return _complain(f"--url {url}: expected http://host:port", REFUSED)
    try:
        prompt = sys.stdin.read() if text == "-" else text
        said = ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": prompt}]
        return _ask(connection, path, {"model": model, "messages": said, "stream": stream}, as_json)
    except KeyboardInterrupt:
        print()
        return INTERRUPTED
    except ConnectionRefusedError:
        return _complain(f"nothing answers at {url}; start the sidecar with `outrider serve`")
    except BrokenPipeError:
        # Who read our output has gone. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (OSError, http.client.HTTPException) as error:
        return _complain(f"network_error: {error or type(error).__name__}")
    finally:
        connection.close()


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    """A connection, not yet opened, and what stands before the paths. ValueError for what is no http(s) address."""
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise ValueError(url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    return kind(place.hostname, place.port), place.path.rstrip("/")


def _ask(connection: http.client.HTTPConnection, path: str, request: Mapping[str, Any], as_json: bool) -> int:
    headers = {"content-type": "application/json"}
    connection.request("POST", f"{path}/v1/chat/completions", json.dumps(request), headers)
    response = connection.getresponse()
    streamed = response.getheader("content-type", "").startswith("text/event-stream")
    try:
        return _print_stream(response) if streamed else _print_reply(response, as_json)
    except (ValueError, LookupError, TypeError, AttributeError):
        return _complain(f"what answers there (status {response.status}) does not speak OpenAI's chat completions")


def _print_reply(response: http.client.HTTPResponse, as_json: bool) -> int:
    reply = json.loads(response.read())
    if as_json:
        print(json.dumps(reply, indent=2))
        return FAILED if "error" in reply else OK
    if "error" in reply:
        return _complain(_error_text(reply["error"]))
    print(reply["choices"][0]["message"]["content"] or "")
    return OK


def _print_stream(response: http.client.HTTPResponse) -> int:
    """Each token as it arrives. A stream without its `[DONE]` was cut, whatever it said before."""
    for line in response:
        payload = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
        if payload == b"[DONE]":
            print()
            return OK
        chunk = json.loads(payload) if payload else {}
        if "error" in chunk:
            print()
            return _complain(_error_text(chunk["error"]))
        print(_token(chunk), end="", flush=True)
    print()
    return _complain("provider_stream_cut: the answer ended before it was complete")


def _token(chunk: Mapping[str, Any]) -> str:
    choices = chunk.get("choices") or [{}]
    return str(choices[0].get("delta", {}).get("content") or "")


def _error_text(error: Mapping[str, Any]) -> str:
    return f"{error.get('type') or error.get('code')}: {error.get('message')}"


def _complain(text: str, code: int = FAILED) -> int:
    print(f"outrider: {text}", file=sys.stderr)
    return code
