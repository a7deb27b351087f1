"""The GKE API, v1: clusters, node pools, operations."""
