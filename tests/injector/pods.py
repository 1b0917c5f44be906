"""Pods made up by hypothesis: such as an API server would take, with members missing, null, empty or unknown; and any JSON."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from proxy.injector.placing import MESH

NAMES = st.sampled_from(["app", "worker", "a-b", "x1"])
KEYS = st.one_of(st.sampled_from(["a", "a/b", "a~b", "novelty"]), st.text(max_size=5))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
VARIABLES = st.sampled_from(
    [
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
        "AZURE_OPENAI_KEY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "no_proxy",
        "OTHER",
        "GEMINI_API_KEY",
    ]
)
ENV = st.lists(
    st.one_of(
        st.fixed_dictionaries({"name": VARIABLES}, optional={"value": st.sampled_from(["", "x", "*", "a,localhost"])}),
        st.fixed_dictionaries({"name": VARIABLES, "valueFrom": st.just({"fieldRef": {"fieldPath": "x"}})}),
    ),
    max_size=4,
    unique_by=lambda item: str(item["name"]),
)


def optional(**members: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.none() | strategy for name, strategy in members.items()}


CONTAINER = st.builds(
    lambda container, more: {**more, **container},
    st.fixed_dictionaries(
        {"name": NAMES | st.sampled_from(sorted(MESH))},
        optional=optional(
            env=ENV,
            envFrom=st.just([]),
            ports=st.lists(st.fixed_dictionaries({"containerPort": st.integers(1, 9)}), max_size=2),
            resources=st.just({}),
        ),
    ),
    st.dictionaries(st.sampled_from(["novelty", "a/b"]), JSON, max_size=2),
)
CONTAINERS = st.lists(CONTAINER, min_size=1, max_size=3, unique_by=lambda item: str(item["name"]))
OWN = st.fixed_dictionaries(
    {"name": st.just("outrider"), "image": st.just("auto")},
    optional=optional(env=ENV, resources=st.just({"limits": None}), args=st.just(["x"])),
)
VOLUMES = st.lists(
    st.builds(
        lambda name: {"name": name, "emptyDir": {}}, st.sampled_from(["data", "outrider-config", "outrider-keys"])
    ),
    max_size=3,
    unique_by=lambda item: item["name"],
)
ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "outrider.dev/env": st.sampled_from(["ifAbsent", "override", "off"]),
        "outrider.dev/native": st.sampled_from(["auto", "always", "never"]),
        "outrider.dev/providers": st.sampled_from(["openai", "azure,openai", "ollama", "bedrock,groq"]),
        "outrider.dev/port": st.sampled_from(["11411", "9000"]),
        "outrider.dev/metrics": st.sampled_from(["true", "false"]),
        "outrider.dev/memory-limit": st.sampled_from(["1Gi", "300Mi"]),
        "outrider.dev/env-skip-containers": st.sampled_from(["app", "worker,none"]),
        "outrider.dev/termination-grace-period-seconds": st.sampled_from(["5", "300"]),
        "outrider.dev/status": st.text(max_size=5) | st.sampled_from(["{}", '{"env": 1, "overlay": {"env": 2}}']),
        "else/a~b": st.text(max_size=3),
    },
)
METADATA = st.fixed_dictionaries(
    {},
    optional=optional(
        name=NAMES,
        annotations=ANNOTATIONS,
        labels=st.dictionaries(st.sampled_from(["a", "outrider.dev/injected"]), st.sampled_from(["true", "x"])),
        ownerReferences=st.just([{"kind": "ReplicaSet", "name": "web-1"}]),
        managedFields=st.just([{"manager": "x"}]),
    ),
)


def pod(metadata: Any, containers: Any, spec: Any, own: Any, more: Any) -> dict[str, Any]:
    listed = containers if own is None else [*containers, own]
    whole = {**more, "spec": {**spec, "containers": listed}}
    return whole if metadata == {} else {**whole, "metadata": metadata}


PODS = st.builds(
    pod,
    st.none() | METADATA,
    CONTAINERS,
    st.fixed_dictionaries(
        {},
        optional={
            **optional(
                initContainers=CONTAINERS | st.just([]),
                volumes=VOLUMES,
                terminationGracePeriodSeconds=st.integers(0, 99),
                imagePullSecrets=st.just([{"name": "s"}]),
                nodeSelector=st.just({}),
                hostNetwork=st.just(False),
            ),
            "novelty/~": JSON,
        },
    ),
    st.none() | OWN,
    st.dictionaries(st.just("more"), JSON, max_size=1),
)
