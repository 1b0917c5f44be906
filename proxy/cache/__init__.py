"""What is kept of answers, under which keys, and where. Nothing here knows a dialect, a provider's file or a socket of ours."""
