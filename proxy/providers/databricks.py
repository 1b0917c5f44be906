"""Databricks model serving: https://docs.databricks.com/machine-learning/model-serving/score-foundation-models.html.

`host` is the workspace's name in the network, without `https://`. Models are the workspace's own endpoints: none is claimed, and
their listing is another API's. Each chunk of a stream tells its usage.
"""

from proxy.providers import Option, Provider

PROVIDER = Provider(
    title="Databricks",
    dialect="openai",
    docs="https://docs.databricks.com/machine-learning/model-serving/score-foundation-models.html",
    base_url="https://{host}/serving-endpoints",
    options={"host": Option()},
    paths={"chat": "/chat/completions", "completions": "/completions", "embeddings": "/embeddings"},
    key_env=("DATABRICKS_TOKEN",),
    can=frozenset(
        {
            *("chat", "stream", "tools", "structured_output", "vision", "reasoning", "completions"),
            "embeddings",
        }
    ),
    lists="",
)
