"""The Kubernetes API server of a sandbox cluster.

Layers, upper ones use lower ones only: ``cluster`` (listener, local client), ``rest`` (routes, discovery, tables,
watches), ``verbs`` (what a request does), ``managed_fields``/``patches``/``rules`` (how objects change),
``store``, ``schema`` and ``kinds`` (what there is).
"""
