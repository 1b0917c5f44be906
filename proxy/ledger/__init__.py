"""What was spent, written down so that it outlives the process: an append-only file of lines that vouch for themselves."""
