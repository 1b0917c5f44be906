"""Ten minutes of everything at once: many callers, providers that fail in every way, reloads, and an end with streams open."""
