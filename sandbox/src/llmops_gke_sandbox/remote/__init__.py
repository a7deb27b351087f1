"""A Kubernetes API server that somebody else runs, with the sandbox as the cloud around it."""
