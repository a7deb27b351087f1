"""Pods for Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs."""
