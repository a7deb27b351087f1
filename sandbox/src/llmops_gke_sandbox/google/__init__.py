"""Google's part: tokens, the GKE API, what is read of Compute, Service Usage and the Resource Manager."""
