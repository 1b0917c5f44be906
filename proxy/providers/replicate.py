"""Replicate, by its predictions: https://replicate.com/docs/reference/http. Each answer is a job, streamed or not.

A model is called `owner/name`, or with `:version`, as in `replicate:meta/meta-llama-3-70b-instruct`. Streams lie at a host of
their own (https://replicate.com/docs/topics/predictions/streaming). Listing models lists all of the public: it is not asked for.
"""

from proxy.dialects.by_name import late
from proxy.dialects.jobs import Job
from proxy.providers import Provider

PROVIDER = Provider(
    title="Replicate",
    dialect="replicate",
    docs="https://replicate.com/docs/reference/http",
    base_url="https://api.replicate.com/v1",
    paths={"chat": "/predictions"},
    key_env=("REPLICATE_API_TOKEN",),
    can=frozenset({"chat", "stream", "vision"}),
    lists="",
    probe="/account",
    job=Job(
        read=late("replicate.reply", "read_state"),
        order=late("replicate.reply", "order"),
        status="/predictions/{id}",
        cancel="/predictions/{id}/cancel",
        frame=late("replicate.reply", "frame"),
        hosts=frozenset({"stream.replicate.com", "streaming.api.replicate.com"}),
        counts=True,
    ),
)
