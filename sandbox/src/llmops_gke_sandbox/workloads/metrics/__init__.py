"""Prometheus, its adapters, and Google's metrics adapter."""
