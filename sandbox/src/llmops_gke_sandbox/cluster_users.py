# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may sign in to a cluster with a token that lasts: its administrator, and somebody without rights."""

from __future__ import annotations

import secrets
from collections.abc import Callable


class ClusterUsers:
    """The users of a sandbox's clusters.

    :param standing: the administrator's token, which lasts as long as the sandbox.
    :param identity: returns whom any other token stands for, None for an unknown one.
    :ivar tokens: user -> token, for kubeconfigs.
    """

    def __init__(self, standing: str, identity: Callable[[str], str | None]) -> None:
        self.tokens = {"sandbox": standing, "viewer": f"ya29.sandbox-viewer-{secrets.token_urlsafe(40)}"}
        self._identity = identity

    def authenticate(self, token: str) -> str | None:
        """Return whom a token stands for; None for an unknown one."""
        if secrets.compare_digest(token.encode(), self.tokens["viewer"].encode()):
            return "viewer"
        return self._identity(token)
