# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server's answers must be, in the terms of http/answers.py."""

from __future__ import annotations

from ...http.answers import OBJECT, Shape

_METADATA = {
    "name": str,
    "namespace": str,
    "uid": str,
    "resourceVersion": str,
    "labels": ({"*": str}, None),
    "annotations": ({"*": str}, None),
    "ownerReferences": ([OBJECT], None),
    "managedFields": ([OBJECT], None),
}
ANY_OBJECT: Shape = {"metadata!": _METADATA, "spec": (OBJECT, None), "status": (OBJECT, str, None)}
ITEM: Shape = {**ANY_OBJECT, "metadata!": {**_METADATA, "name!": str}}
OBJECTS: Shape = {"items!": ([ITEM], None), "metadata": {"continue": str, "resourceVersion": str}}
KINDS: Shape = {"resources!": ([{"name!": str, "kind!": str, "namespaced!": bool}], None)}
GROUP: Shape = {"preferredVersion!": {"groupVersion!": str}}
DELETED: Shape = ({"kind!": str}, {"metadata!": OBJECT})
"""A Status, or the object as it then is."""

CHANGE: Shape = {"type!": str, "object!": {"metadata!": {"name!": str, "namespace": str, "resourceVersion!": str}}}
EVENTS: dict[str, Shape] = {
    "BOOKMARK": {"object!": {"metadata!": {"resourceVersion!": str}}},
    "ERROR": {"object!": {"code": int, "message": str, "reason": str}},
}
"""What a watch tells, by its type where that is no change."""
