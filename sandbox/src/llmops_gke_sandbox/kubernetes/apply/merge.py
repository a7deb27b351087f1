# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The structured merge of a live object with an applied configuration.

Source: sigs.k8s.io/structured-merge-diff, typed/merge.go; the order of list items follows it too.
"""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.apply.typed import ABSENT, child, is_atomic, item_element, shape_of
from llmops_gke_sandbox.kubernetes.schema.types import Type


def merge(kind: Type, live: object, config: object) -> object:
    """Return ``live`` with all that ``config`` says: maps and keyed lists item by item, the rest replaced whole."""
    if config is ABSENT:
        return live
    if live is ABSENT or live is None or config is None:
        return config
    shape = shape_of(kind, config)
    if shape == "scalar" or is_atomic(kind, shape) or shape_of(kind, live) != shape:
        return config
    if shape == "list":
        return _merge_lists(kind, live, config)
    merged = dict(live)
    for name, value in config.items():
        merged[name] = merge(child(kind, name), live.get(name, ABSENT), value)
    return merged


def _merge_lists(kind: Type, live: list, config: list) -> list:
    """Items of the configuration keep its order; items it does not name stay where they stand between those."""
    left = [item_element(kind, item) for item in live]
    right = [item_element(kind, item) for item in config]
    old, new = dict(zip(left, live, strict=True)), dict(zip(right, config, strict=True))
    shared = iter([element for element in right if element in old])
    next_shared = next(shared, None)
    done: set[str] = set()
    merged = []
    at_left = at_right = 0
    while at_left < len(left) or at_right < len(right):
        element = left[at_left] if at_left < len(left) else None
        wanted = right[at_right] if at_right < len(right) else None
        if element is not None and element == wanted:
            done.add(element)
            merged.append(merge(kind.items, old[element], new[element]))
            at_left, at_right = at_left + 1, at_right + 1
            next_shared = next(shared, None)
            continue
        if element is not None and wanted is not None and element in new and next_shared not in (None, element):
            at_left += 1
            continue
        if element is not None and element not in new:
            merged.append(old[element])
            at_left += 1
            continue
        if element is not None and element in done:
            at_left += 1
        if wanted is not None:
            done.add(wanted)
            merged.append(merge(kind.items, old.get(wanted, ABSENT), new[wanted]))
            at_right += 1
            if wanted == next_shared:
                next_shared = next(shared, None)
    return merged
