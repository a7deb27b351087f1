# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which zones are out of stock, by what GKE says of node pools and of the operations on them. Pure; sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from ..core.errors import LlmopsError
from ..core.harmless import quoted
from . import operations
from .client import Place
from .target import BROKEN

HISTORY_SECONDS = 3600
"""How long what a former run met is still taken for true."""

# StatusCondition.code, or Compute Engine's own word where GKE only passes that on in the message.
_STOCKOUT = ("GCE_STOCKOUT", "ZONE_RESOURCE_POOL_EXHAUSTED")
_QUOTA = "QUOTA_EXCEEDED"
_ZONE = re.compile(r"\bzones/([a-z]+-[a-z]+\d+-[a-z])\b")


def is_stockout(error: LlmopsError) -> bool:
    """Whether a failure is for want of stock alone; a quota is a whole region's, so no other zone would help."""
    conditions = error.fields.get("conditions") or []
    codes = [str(condition.get(key, "")) for condition in conditions for key in ("code", "canonicalCode", "message")]
    said = " ".join([*codes, error.fields.get("server_message") or ""])
    return any(word in said for word in _STOCKOUT) and _QUOTA not in said


def pool_stockout(pool: dict[str, Any]) -> LlmopsError | None:
    """Why a node pool is broken, where that is for want of stock alone; None where it is not."""
    if pool.get("status") not in BROKEN:
        return None
    error = operations.failure("", operations.failure_conditions(pool.get("conditions")), pool.get("statusMessage", ""))
    return error if is_stockout(error) else None


def is_only_stockout(pool: dict[str, Any]) -> bool:
    """Whether a node pool is broken and gives no other reason than want of stock, if it gives one."""
    silent = not operations.failure_conditions(pool.get("conditions")) and not pool.get("statusMessage")
    return pool.get("status") in BROKEN and (silent or pool_stockout(pool) is not None)


def server_words(error: LlmopsError) -> str:
    """What the server said, as one line without its full stop."""
    return quoted(error.fields.get("server_message") or error.message).rstrip(".")


def zones_named(said: str, among: Sequence[str]) -> list[str]:
    """The zones that the server's words name; all of them where it names none."""
    named = set(_ZONE.findall(said))
    return [zone for zone in among if zone in named] or list(among)


def zones_found_out_of_stock(
    history: Iterable[dict[str, Any]], place: Place, zones: Sequence[str], now: datetime
) -> dict[str, dict[str, str]]:
    """Zone -> words and operation of those that a former run found out of stock, if it did not come to the end.

    history: the operations of the location. A search leaves a creation that failed in each zone, one after the other
    in the order of ``zones``, each but the last followed by a deletion: the way it takes is its own record. Empty where
    every zone is on record, because such a search was finished, and where the last failure is older than
    ``HISTORY_SECONDS``.
    """
    found: dict[str, dict[str, str]] = {}
    for operation, error in _failed_creations(history, place):
        if not found and _age(operation, now) > HISTORY_SECONDS:
            break
        named = zones_named(server_words(error), zones)
        if len(named) != 1 or (found and zones.index(named[0]) >= min(map(zones.index, found))):
            break
        found[named[0]] = {"message": server_words(error), "operation": operation["name"]}
    return {} if len(found) == len(zones) else found


def _failed_creations(history: Iterable[dict[str, Any]], place: Place) -> Iterator[tuple[dict[str, Any], LlmopsError]]:
    """The failures of the pool's last creations for want of stock, the newest first, as far as nothing else happened.

    What was before the creation of the cluster was another cluster's.
    """
    cluster, pool = (f"/clusters/{place.cluster}", f"/clusters/{place.cluster}/nodePools/{place.node_pool}")
    for operation in sorted(history, key=lambda one: one.get("startTime", ""), reverse=True):
        kind, target = operation.get("operationType"), operation.get("targetLink", "")
        if kind == "CREATE_CLUSTER" and target.endswith(cluster):
            return
        if not target.endswith(pool) or kind == "DELETE_NODE_POOL":
            continue
        error = operations.operation_failure("", operation)
        if kind != "CREATE_NODE_POOL" or error is None or not is_stockout(error):
            return
        yield operation, error


def _age(operation: dict[str, Any], now: datetime) -> float:
    """Seconds since an operation's end; endless where that is not known."""
    try:
        ended = datetime.fromisoformat(operation.get("endTime", ""))
    except ValueError:
        return float("inf")
    return (now - (ended if ended.tzinfo else ended.replace(tzinfo=UTC))).total_seconds()
