"""`make bench`: what Outrider costs, measured beside nginx and a bare aiohttp pass-through (docs/performance.md)."""
