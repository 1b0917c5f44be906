"""Claude on Google's Vertex AI: https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude.

Variables are those of Anthropic's own library for it. Tokens are counted in Anthropic's words, with the model in the body
(https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/count-tokens). Models are claimed by the kind
`anthropic`; here they are called `claude-sonnet-4-5@20250929`. No header tells what is left of a quota; nothing is listed.
"""

from proxy.providers import Option, Provider

BELOW = "/v1/projects/{project}/locations/{location}/publishers/anthropic/models"

PROVIDER = Provider(
    title="Google Vertex AI (Claude)",
    dialect="vertex_claude",
    docs="https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude",
    base_url="https://{host}",
    options={
        "project": Option(env=("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")),
        "location": Option(env=("CLOUD_ML_REGION", "GOOGLE_CLOUD_LOCATION"), default="global"),
        "host": Option(default="aiplatform.googleapis.com"),
    },
    paths={"chat": f"{BELOW}/{{model}}:rawPredict", "chat.stream": f"{BELOW}/{{model}}:streamRawPredict"},
    also={"anthropic": {"count_tokens": f"{BELOW}/count-tokens:rawPredict"}},
    key_required=False,
    cloud="google",
    passes=frozenset({"anthropic-beta"}),
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents"),
            *("reasoning", "caching"),
        }
    ),
    lists="",
)
