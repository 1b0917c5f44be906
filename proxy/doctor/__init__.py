"""What is wrong around a sidecar, and what to do about it: each file looks at one sort of thing and tells findings."""
