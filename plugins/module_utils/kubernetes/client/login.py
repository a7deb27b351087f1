# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubeconfig's user logs in with, and how its mappings are read, whoever gives the credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class Unusable(Exception):
    """What is wrong with a kubeconfig, in words that hold none of its secrets."""


@dataclass(frozen=True)
class Login:
    """authorize and certificate: as HttpSession takes them. The certificate's file may hold its key as well."""

    authorize: Callable[[bool], dict[str, str]] | None = None
    certificate: tuple[str, str | None] | None = None


@dataclass(frozen=True)
class Part:
    """A cluster or user of a kubeconfig. name: in messages. folder: from which its relative paths count."""

    name: str
    fields: Mapping[str, Any]
    folder: str

    def has(self, key: str) -> bool:
        """Whether it is there; null is nothing, as in kubectl."""
        return self.fields.get(key) is not None

    def text(self, key: str) -> str:
        """A text, empty where there is none. Raises Unusable."""
        value = self.fields.get(key)
        if value is not None and not isinstance(value, str):
            raise Unusable(f"{key} of {self.name} is no text")
        return value or ""

    def flag(self, key: str) -> bool:
        """Yes or no. Raises Unusable: a text such as "false" would be taken for yes."""
        value = self.fields.get(key)
        if value is not None and not isinstance(value, bool):
            raise Unusable(f"{key} of {self.name} is neither true nor false")
        return bool(value)

    def path(self, key: str) -> str | None:
        """The path of a file; None where none is named. Raises Unusable where no file is there."""
        given = self.text(key)
        if not given:
            return None
        path = os.path.normpath(os.path.join(self.folder, given))
        try:
            found = os.path.isfile(path)
        except ValueError:
            found = False
        if not found:
            raise Unusable(f"{key} of {self.name}: No such file: {path}")
        return path
