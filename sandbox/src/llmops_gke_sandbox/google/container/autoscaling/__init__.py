"""The node pools' autoscaler."""
