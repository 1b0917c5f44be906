"""What runs in the application's containers: scripts that know an official SDK and nothing of the sidecar."""
