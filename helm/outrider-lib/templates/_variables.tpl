{{/*
The variables that send unmodified SDKs to the sidecar, and the only place where they are written.
`{port}` is the sidecar's port in the pod, `{key}` the placeholder that stands where SDKs insist on a key: the sidecar
throws it away and signs with its own. A variable is left out of a container that has it, or one of `unless`: whoever named
an address or a credential of their own keeps both. No value may be empty: openai-go would take it as the address.
Never AWS_ACCESS_KEY_ID (it would break every other AWS client), GOOGLE_API_KEY (it wins over the other) or HF_ENDPOINT (the Hub).
*/}}
{{- define "outrider.variables" -}}
openai:
  - {name: OPENAI_BASE_URL, value: "http://127.0.0.1:{port}/v1", unless: [OPENAI_API_BASE]}
  - {name: OPENAI_API_BASE, value: "http://127.0.0.1:{port}/v1", unless: [OPENAI_BASE_URL]}
  # openai-java refuses to start with a key for OpenAI and one for Azure.
  - {name: OPENAI_API_KEY, value: "{key}", unless: [OPENAI_BASE_URL, OPENAI_API_BASE, AZURE_OPENAI_API_KEY, AZURE_OPENAI_KEY]}
anthropic:
  - {name: ANTHROPIC_BASE_URL, value: "http://127.0.0.1:{port}"}
  - {name: ANTHROPIC_API_KEY, value: "{key}", unless: [ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN]}
gemini:
  - {name: GOOGLE_GEMINI_BASE_URL, value: "http://127.0.0.1:{port}"}
  - {name: GEMINI_API_KEY, value: "{key}", unless: [GOOGLE_GEMINI_BASE_URL, GOOGLE_API_KEY]}
azure:
  - {name: AZURE_OPENAI_ENDPOINT, value: "http://127.0.0.1:{port}"}
  - {name: AZURE_OPENAI_API_KEY, value: "{key}", unless: [AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_AD_TOKEN]}
bedrock:
  - {name: AWS_ENDPOINT_URL_BEDROCK_RUNTIME, value: "http://127.0.0.1:{port}"}
  - {name: AWS_BEARER_TOKEN_BEDROCK, value: "{key}", unless: [AWS_ENDPOINT_URL_BEDROCK_RUNTIME]}
cohere:
  - {name: CO_API_URL, value: "http://127.0.0.1:{port}"}
  - {name: CO_BASE_URL, value: "http://127.0.0.1:{port}"}
  - {name: CO_API_KEY, value: "{key}", unless: [CO_API_URL, CO_BASE_URL]}
groq:
  - {name: GROQ_BASE_URL, value: "http://127.0.0.1:{port}"}
  - {name: GROQ_API_KEY, value: "{key}", unless: [GROQ_BASE_URL]}
ollama:
  - {name: OLLAMA_HOST, value: "127.0.0.1:{port}", unless: [OLLAMA_BASE_URL]}
  - {name: OLLAMA_BASE_URL, value: "http://127.0.0.1:{port}/v1", unless: [OLLAMA_HOST]}
together:
  - {name: TOGETHER_BASE_URL, value: "http://127.0.0.1:{port}/v1"}
  - {name: TOGETHER_API_KEY, value: "{key}", unless: [TOGETHER_BASE_URL]}
{{- end }}
