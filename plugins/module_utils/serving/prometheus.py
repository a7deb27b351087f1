# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus' text format, read as far as single figures go (prometheus.io/docs/instrumenting/exposition_formats)."""

from __future__ import annotations


def totals(text: str) -> dict[str, float]:
    """Each series' value by metric name; series of one name that differ in labels are added up.

    Buckets are left out: they are cumulative, so their sum means nothing. Lines that are no sample are skipped.
    """
    found: dict[str, float] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, _brace, labelled = line.partition("{")
        value = labelled.rpartition("}")[2] if labelled else ""
        if not labelled:
            name, _space, value = line.partition(" ")
        if name.endswith("_bucket"):
            continue
        try:
            found[name] = found.get(name, 0.0) + float(value.split()[0])
        except (ValueError, IndexError):
            continue
    return found
