"""The plots of docs/simulation.md, by their file's name: which scenes each shows, and what of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.simulation.plot import Axis, Band, Line, Plot, percent
from tests.simulation.scenes import (
    BACK,
    DIES,
    FAILING,
    OUTAGE,
    OUTAGE_ENDS,
    SLOW_FROM,
    SLOW_OVER,
    SLOW_TO,
    Played,
    asked_per_call,
    dying,
    failing,
    hedged,
    outage,
    share_of,
    slowing,
    success,
    unequal,
)
from tests.simulation.world import between, quantile

#: Seconds that are looked at together.
STEP = 10
SECONDS = "seconds"


def latency() -> Plot:
    """A dot for each ten seconds, at their middle."""

    def line(name: str, played: Played) -> Line:
        starts = range(0, int(SLOW_OVER), STEP)
        return Line(name, [(start + STEP / 2, share_of(played, "a", start, start + STEP)) for start in starts])

    return Plot(
        "latency: a target slows down, and is quick again",
        "The share of calls that the slow target gets falls within twenty to sixty seconds and is one half again within ninety.",
        Axis(SECONDS, range(0, int(SLOW_OVER) + 1, 30)),
        Axis("its share of the calls", [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6], show=percent),
        [
            line("6 times as slow", slowing(6.0, 20.0, 1)),
            line("60 times as slow", slowing(60.0, 20.0, 1)),
            line("60 times, three pods", slowing(60.0, 20.0, 3)),
        ],
        [Band(SLOW_FROM, SLOW_TO, "slow")],
    )


def load() -> Plot:
    def line(strategy: str) -> Line:
        calls = unequal(strategy).calls
        starts = range(0, 100, STEP)
        slowest = [quantile((call.seconds for call in between(calls, start, start + STEP)), 0.95) for start in starts]
        return Line(
            strategy, [(start + STEP / 2, max(value, 0.5)) for start, value in zip(starts, slowest, strict=True)]
        )

    return Plot(
        "Two servers, one of them a quarter as fast as the other",
        "Asked three fifths of what they can do: in turn the slow one falls behind without end, by load or latency nobody waits.",
        Axis(SECONDS, range(0, 101, 20)),
        Axis("slowest twentieth, seconds", [0.5, 1, 2, 5, 10, 20, 50, 100], log=True),
        [line(strategy) for strategy in ("round_robin", "least_connections", "latency")],
    )


def amplification() -> Plot:
    def line(name: str, played: Played) -> Line:
        starts = range(0, int(OUTAGE_ENDS), STEP)
        points = [(float(start), asked_per_call(played, start, start + STEP)) for start in starts]
        return Line(name, [*points, (OUTAGE_ENDS, points[-1][1])], step=True)

    return Plot(
        "A provider answers nobody: how often it is asked for each call",
        "With the budget it is asked 1.2 times in the first ten seconds, then 1.1 times; with a breaker hardly at all.",
        Axis(SECONDS, range(0, int(OUTAGE_ENDS) + 1, 10)),
        Axis("attempts for each call", [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]),
        [
            line("no budget, no breaker", outage(5.0, share=1e9)),
            line("budget, 40 calls a second", outage(40.0)),
            line("budget, 5 calls a second", outage(5.0)),
            line("budget and breaker, 40 calls a second", outage(40.0, breaker=True)),
        ],
        [Band(OUTAGE, OUTAGE_ENDS, "dead")],
    )


def breaker() -> Plot:
    def line(pods: int) -> Line:
        asked = sorted(at for at in dying(pods).world.providers["a"].asked if DIES <= at < BACK)
        points = [(at, float(number)) for number, at in enumerate(asked, 1)]
        return Line(
            f"{pods} pods" if pods > 1 else "one pod",
            [(20.0, 0.0), (DIES, 0.0), *points, (BACK, float(len(asked)))],
            step=True,
        )

    return Plot(
        "Calls that a dead provider still gets",
        "Each pod asks five times or a few more until its breaker opens, and once in each half minute from then on.",
        Axis(SECONDS, range(20, 111, 10)),
        Axis("calls, in all", [0, 10, 20, 30, 40]),
        [line(1), line(5)],
        [Band(DIES, BACK, "dead")],
    )


def partial() -> Plot:
    def line(name: str, meeting: str) -> Line:
        return Line(name, [(share, success(failing(share, meeting))) for share in FAILING])

    return Plot(
        "A provider fails a part of its calls: how many are answered",
        "Retries help where a tenth fails; a breaker by failures in a row shuts out who answers most; a fallback answers all.",
        Axis(
            "share of its calls that the provider fails", [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], show=percent
        ),
        Axis("calls that are answered", [0, 0.2, 0.4, 0.6, 0.8, 1.0], show=percent),
        [
            line("one attempt", "one attempt"),
            line("three attempts, budget", "three attempts"),
            line("and a breaker", "three attempts and a breaker"),
            line("and a breaker by rate", "three attempts and a breaker by rate"),
            line("breaker and fallback", "a fallback as well"),
        ],
    )


#: So many of the slowest calls are looked at, from a half of all to one in a thousand.
SLOWEST = [0.5 * 0.002 ** (number / 60) for number in range(61)]


def hedging() -> Plot:
    def line(name: str, played: Played) -> Line:
        seconds = [call.seconds for call in played.calls]
        return Line(name, [(quantile(seconds, 1 - share), share) for share in SLOWEST])

    return Plot(
        "Hedging, where one answer in fifty takes ten times as long",
        "Without hedging one call in fifty takes four seconds and more; with a share of 5 % only one in five hundred.",
        Axis(SECONDS, range(9)),
        Axis("calls that take longer", [0.001, 0.01, 0.1, 1], log=True, show=percent),
        [line("no hedging", hedged(0.0)), line("2 % asked twice", hedged(0.02)), line("5 % asked twice", hedged(0.05))],
    )


#: File in docs/plots, without its ending -> what draws it.
DRAWINGS: Mapping[str, Callable[[], Plot]] = {
    "latency": latency,
    "load": load,
    "amplification": amplification,
    "breaker": breaker,
    "partial": partial,
    "hedging": hedging,
}
