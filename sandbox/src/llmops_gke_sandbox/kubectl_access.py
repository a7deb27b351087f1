# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig for each cluster that works with kubectl alone, where no gcloud is installed to give it a token."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import yaml

PREFIX = "kubeconfig-"


class KubectlAccess:
    """Writes ``kubeconfig-LOCATION-CLUSTER`` into the sandbox's directory while the cluster runs.

    :param tokens: user -> a token that the cluster's API server takes. The first user's context is the current one and
        has the cluster's name; the others' are USER@CLUSTER.
    """

    def __init__(self, directory: Path, name: str, location: str, tokens: dict[str, str]) -> None:
        self._file = directory / f"{PREFIX}{location}-{name}"
        self._name = name
        self._tokens = tokens

    def write(self, endpoint: str, ca_certificate: bytes) -> None:
        """Write the file, readable by its owner alone.

        :param endpoint: host and port of the API server.
        """
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": self._name,
                    "cluster": {
                        "server": f"https://{endpoint}",
                        "certificate-authority-data": base64.b64encode(ca_certificate).decode(),
                    },
                }
            ],
            "users": [{"name": user, "user": {"token": token}} for user, token in self._tokens.items()],
            "contexts": [
                {
                    "name": f"{user}@{self._name}" if place else self._name,
                    "context": {"cluster": self._name, "user": user},
                }
                for place, user in enumerate(self._tokens)
            ],
            "current-context": self._name,
        }
        with open(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            yaml.safe_dump(content, stream, sort_keys=False)

    def remove(self) -> None:
        """Remove the file."""
        self._file.unlink(missing_ok=True)
