# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that GKE brings to its clusters (managed Prometheus, the Gateway API), some time after that was switched on.

Only what is to be created is asked about: an object that is there shows that its kind is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ...core.deadline import Deadline, backoff
from ...core.result import Progress
from ..client.api import KubernetesApi
from ..client.resources import Kind
from ..objects.manifests import Manifest


def marked(api: KubernetesApi, manifests: Sequence[Manifest], lives: Sequence[dict[str, Any] | None]) -> list[Manifest]:
    """The manifests; those whose kind GKE has not brought yet say that it is coming, so that none is rehearsed."""
    return [
        replace(manifest, kind_is_coming=True)
        if live is None and api.is_presumed(manifest.ref.kind) and not _is_served(api, manifest.ref.kind)
        else manifest
        for manifest, live in zip(manifests, lives, strict=True)
    ]


def until_served(api: KubernetesApi, manifests: Iterable[Manifest], deadline: Deadline, progress: Progress) -> None:
    """Wait until the cluster serves the presumed kinds of manifests that say that theirs is coming.

    Raises DeadlineExceeded, and HttpError where the cluster refuses to tell.
    """
    kinds = {manifest.ref.kind for manifest in manifests if manifest.kind_is_coming}
    for kind in sorted(filter(api.is_presumed, kinds), key=lambda one: one.kind):
        name = f"{kind.kind} of {kind.api_version}"
        progress(f"{name}: waiting until GKE has brought it to the cluster")
        pauses = backoff()
        with deadline.polling() as pause:
            while True:
                api.forget(kind.api_version)
                if _is_served(api, kind):
                    break
                pause(next(pauses), f"wait until GKE has brought {name} to the cluster", "it is not served")


def _is_served(api: KubernetesApi, kind: Kind) -> bool:
    return any(entry["kind"] == kind.kind for entry in api.kinds_in(kind.api_version))
