# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/fields.md, what becomes of a change of each field, from the field tables; --check only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster.table import CLUSTER_FIELDS  # noqa: E402
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import CreateOnly, Field, Immutable  # noqa: E402
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.node_pool.table import NODE_POOL_FIELDS  # noqa: E402

PAGE = ROOT / "docs" / "fields.md"
TEST = "tests/contract/gke/test_fields.py::test_field"
HEAD = """<!-- Copyright: the llmops.gke engineers -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->

# Fields of clusters and node pools

<!-- Written by scripts/field_docs.py from plugins/module_utils/gke/fields/. -->

What a task does when a field of something that exists is not as it asks. Steps are taken in the order of the rows, one
request each, and each is followed to the end of its operation; fields of one verb go in one request. A field that is
refused fails the task before anything is written, with what is, what was asked for, and the way out.

- *added to*: entries that the task does not name are left alone, unless `exactly` lists the option.
- *replaced*: entries that the task does not name are removed.

Each row is shown by the test of its name, which creates with one value, runs again (nothing changes, one request), and
changes it as check mode foretold, by exactly the requests that are expected of the verb, or is refused:

    pytest "{test}[{example}]"
"""


def verb(field: Field) -> str:
    """How a field changes, in a cell of the table."""
    change = field.change
    if isinstance(change, Immutable):
        return "refused"
    if isinstance(change, CreateOnly):
        return "only at creation; not compared"
    where = f"`{change.method} {change.suffix}`" if change.suffix else f"`{change.method}`"
    return f"{where} `{change.place(field.path).split('.')[0 if not change.body.startswith('update.') else 1]}`"


def lists(field: Field) -> str:
    """What becomes of entries that are not named."""
    if field.kind not in ("map", "set", "keyed", "named"):
        return ""
    return "added to" if field.partial else "replaced"


def table(module: str, fields: Iterable[Field]) -> str:
    """The rows of one resource."""
    rows = ["| option | type | change | entries | test |", "|---|---|---|---|---|"]
    for field in fields:
        kind = {"keyed": "list of objects", "named": "list of objects", "set": "list"}.get(field.kind, field.kind)
        rows.append(f"| `{field.option}` | {kind} | {verb(field)} | {lists(field)} | `{module}-{field.path}` |")
    return "\n".join(rows)


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            HEAD.format(test=TEST, example=f"cluster-{CLUSTER_FIELDS[0].path}"),
            f"## gke_cluster: {len(CLUSTER_FIELDS)} fields\n",
            table("cluster", CLUSTER_FIELDS),
            f"\n## gke_node_pool: {len(NODE_POOL_FIELDS)} fields\n",
            table("node_pool", NODE_POOL_FIELDS),
            "",
        ]
    )


def main() -> int:
    """Write, or with --check compare; returns the exit status."""
    fresh = page()
    stale = not PAGE.exists() or PAGE.read_text() != fresh
    if stale and "--check" not in sys.argv:
        PAGE.write_text(fresh)
    print("stale: docs/fields.md" if stale else "docs/fields.md agrees with the field tables")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
