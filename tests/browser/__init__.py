"""Pages of the sidecar in a real browser."""
