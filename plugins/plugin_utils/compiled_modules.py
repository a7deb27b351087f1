# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's Python files compiled once a change, and not at each start of Ansible.

Ansible's own loader compiles what it imports from a collection anew each time. Here Python's does, as for any other
package, with one difference: the compiled files are in the user's cache. Beside their source they would be files that
the collection does not list, and ``ansible-galaxy collection verify`` would say that it was modified.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType

from ansible import context

from .user_cache import user_cache

_COLLECTION = __package__.rpartition(".")[0]


class _Loader(SourceFileLoader):
    """Python's own, with the compiled files in the user's cache; a cache that cannot be written is none."""

    def get_data(self, path: str) -> bytes:
        """Of a source or compiled file."""
        return super().get_data(_kept(path))

    def set_data(self, path: str, data: bytes, *, _mode: int = 0o666) -> None:
        """Keep a compiled file; Python asks for no other. Its folders are made, and it appears as a whole."""
        super().set_data(_kept(path), data, _mode=0o600)


class _Finder(MetaPathFinder):
    """Of what lies in the folders for code that plugins share."""

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = tuple(f"{package}." for package in packages)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None, which leaves it to Ansible's finder, for all but a file of Python."""
        if not fullname.startswith(self._packages):
            return None
        for folder in path or ():
            found = FileFinder(folder, (_Loader, [".py"])).find_spec(fullname)
            if found is not None and found.loader is not None and not found.submodule_search_locations:
                return found
        return None


def keep_compiled() -> None:
    """From here on, in a command of Ansible; tools that import plugins one by one are left alone."""
    ours = any(isinstance(finder, _Finder) for finder in sys.meta_path)
    if context.CLIARGS and not ours and not sys.dont_write_bytecode:
        sys.meta_path.insert(0, _Finder([f"{_COLLECTION}.module_utils", f"{_COLLECTION}.plugin_utils"]))


def _kept(path: str) -> str:
    """Where a compiled file is kept: under its source's whole path. A source file stays where it is."""
    if not path.endswith(".pyc"):
        return path
    source = Path(importlib.util.source_from_cache(path))
    return str(user_cache() / "compiled" / source.parent.relative_to(source.anchor) / Path(path).name)
