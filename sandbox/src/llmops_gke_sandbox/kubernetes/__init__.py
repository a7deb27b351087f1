# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API server of a sandbox cluster.

Layers, upper ones use lower ones only: ``cluster`` (listener, client inside the process), ``rest`` (HTTP), ``verbs``
(what a request does), ``validation``, ``lifecycle`` and ``apply`` (what is refused, what becomes of an object, how a
write changes it), ``store``, ``schema`` (what there is).
"""
