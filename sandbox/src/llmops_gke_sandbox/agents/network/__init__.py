"""Where addresses of pods, Services and load balancers lead."""
