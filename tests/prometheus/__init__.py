"""A real Prometheus beside a real sidecar: what it reads, which rules and panels work on it, what the documents say."""
