"""The HorizontalPodAutoscaler's controller."""
