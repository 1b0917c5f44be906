"""Everything that can go wrong at a provider, over real sockets, and what the application, the provider and the operator see."""
