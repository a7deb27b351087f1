"""The cloud's part inside a cluster: nodes, what runs on them, load balancers.

Agents speak to the API server by list, watch and writes alone, so that any API server can stand there.
"""
