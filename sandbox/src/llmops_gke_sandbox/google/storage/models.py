# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which models lie where in buckets and disk images, and whether a pod may read a bucket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from llmops_gke_sandbox.config import Config

DEFAULT_IMAGE = "models"
_IMAGE = re.compile(r"(projects/(?P<project>[^/]+)/)?global/images/(?P<name>[^/]+)")
_READERS = frozenset(f"roles/storage.{name}" for name in ("admin", "objectAdmin", "objectUser", "objectViewer"))
"""Roles that may list and read a bucket's objects."""


def default_bucket(project: str) -> str:
    """Return the name of the bucket that is there where the settings name none."""
    return f"{project}-models"


class ModelFiles:
    """The buckets and disk images of the project, each as directories -> the model whose files are in them.

    Where the settings say nothing, one bucket and one disk image hold each model of the Hub, under its id.

    :param models: ids of the Hub's models.
    :param policies: -> bindings of the project's IAM policy, which hold for its buckets too.
    :ivar policies: bucket -> its own IAM policy.
    """

    def __init__(self, config: Config, models: Iterable[str], policies: Callable[[], list[dict]]) -> None:
        self._config, self._project_bindings = config, policies
        every = {model: model for model in models}
        self._buckets = config.buckets or {default_bucket(config.project): every}
        self._images = config.disk_images or {DEFAULT_IMAGE: every}
        self.policies: dict[str, dict] = {name: {"version": 1, "bindings": []} for name in self._buckets}

    def bucket(self, name: str) -> Mapping[str, str] | None:
        """Return what is in a bucket; None where there is none of the name."""
        return self._buckets.get(name)

    def image(self, path: str) -> Mapping[str, str] | None:
        """Return what is on a disk image of the project; None where there is none.

        Of another project's image nothing is known, so it is there and empty.
        """
        found = _IMAGE.fullmatch(path)
        if found is None:
            return None
        if found["project"] not in (None, self._config.project, self._config.project_number):
            return {}
        return self._images.get(found["name"])

    def may_read(self, bucket: str, namespace: str, account: str) -> bool:
        """Return whether a Kubernetes service account may list and read a bucket, by workload identity federation."""
        number, project = self._config.project_number, self._config.project
        pool = f"iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/{project}.svc.id.goog"
        members = {
            *("allUsers", "allAuthenticatedUsers"),
            f"principal://{pool}/subject/ns/{namespace}/sa/{account}",
            f"principalSet://{pool}/namespace/{namespace}",
        }
        bindings = [*self.policies[bucket]["bindings"], *self._project_bindings()]
        return any(one["role"] in _READERS and members.intersection(one.get("members", [])) for one in bindings)
