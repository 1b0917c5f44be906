"""Calls a model from its first instruction to its last, with OpenAI's SDK and nothing but the environment.

Prints a line of JSON for each call and one when it ends; exits with 0 where no call failed. After SIGTERM it makes calls for
`--after` more seconds and one last call.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
import urllib.request
from types import FrameType
from typing import Any

told: list[float] = []


def on_term(number: int, frame: FrameType | None) -> None:
    told.append(time.monotonic())


# Process 1 has no default action for it.
signal.signal(signal.SIGTERM, on_term)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=0, help="so many calls; 0: until SIGTERM")
    parser.add_argument(
        "--at-once", action="store_true", help="one call more, before the SDK is imported, which takes a while"
    )
    parser.add_argument("--model", default="gpt-quick")
    parser.add_argument("--stream", choices=("no", "yes", "both"), default="both")
    parser.add_argument("--pause", type=float, default=0.02)
    parser.add_argument("--after", type=float, default=0.0)
    parser.add_argument("--retries", type=int, default=0)
    parser.add_argument("--patience", type=float, default=20.0, help="seconds for one try of a call")
    parser.add_argument("--deaf", action="store_true", help="SIGTERM changes nothing")
    parser.add_argument("--stay", action="store_true", help="end at SIGTERM, and not after the last call")
    parser.add_argument("--quit", metavar="URL", help="at the end, tell the sidecar that nothing more is asked")
    return parser.parse_args()


def say(**members: Any) -> None:
    sys.stdout.write(json.dumps({"at": time.monotonic(), **members}) + "\n")
    sys.stdout.flush()


def at_once(asked: argparse.Namespace) -> None:
    """A call with what the interpreter has, at the address and with the key that the SDK would use."""
    headers = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}", "content-type": "application/json"}
    body = {"model": asked.model, "messages": [{"role": "user", "content": "first of all"}]}
    address = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=asked.patience) as answer:
        usage = json.load(answer)["usage"]
    say(call="first", ok=True, stream=False, input=usage["prompt_tokens"], output=usage["completion_tokens"])


def call(client: Any, number: int, asked: argparse.Namespace) -> bool:
    streamed = asked.stream == "yes" or (asked.stream == "both" and number % 2 == 1)
    messages = [{"role": "user", "content": f"call {number}"}]
    try:
        usage = stream(client, messages, asked) if streamed else whole(client, messages, asked)
    except Exception as error:  # noqa: BLE001  (the test wants to know of every one)
        say(call=number, ok=False, error=f"{type(error).__name__}: {error}", cause=repr(error.__cause__))
        return False
    say(call=number, ok=True, stream=streamed, input=usage.prompt_tokens, output=usage.completion_tokens)
    return True


def whole(client: Any, messages: list[dict[str, str]], asked: argparse.Namespace) -> Any:
    return client.chat.completions.create(model=asked.model, messages=messages).usage


def stream(client: Any, messages: list[dict[str, str]], asked: argparse.Namespace) -> Any:
    usage, ended = None, False
    more = {"include_usage": True}
    for chunk in client.chat.completions.create(model=asked.model, messages=messages, stream=True, stream_options=more):
        if told and usage is None and not ended:
            say(open=True)
            ended = True
        usage = chunk.usage or usage
    if usage is None:
        raise EOFError("the stream ended without usage")
    return usage


def main() -> int:
    asked = options()
    say(began=True)
    if asked.at_once:
        at_once(asked)
    import openai

    client = openai.OpenAI(max_retries=asked.retries, timeout=asked.patience)
    number = failed = 0
    while not over(number, asked):
        failed += not call(client, number, asked)
        number += 1
        time.sleep(asked.pause)
    failed += not call(client, number, asked)
    say(ended=True, calls=number + 1, failed=failed)
    while asked.stay and not told:
        time.sleep(0.05)
    if asked.quit:
        request = urllib.request.Request(asked.quit, method="POST")
        urllib.request.urlopen(request, timeout=10).close()
    return 1 if failed else 0


def over(number: int, asked: argparse.Namespace) -> bool:
    if asked.calls:
        return bool(number + 1 >= asked.calls)
    return bool(told) and not asked.deaf and time.monotonic() > told[0] + asked.after


if __name__ == "__main__":
    sys.exit(main())
