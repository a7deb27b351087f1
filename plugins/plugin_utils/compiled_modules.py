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
import os
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from ansible import context

from .user_cache import user_cache

_COLLECTION = __package__.rpartition(".")[0]
_PACKAGES = [f"{_COLLECTION}.{folder}" for folder in ("module_utils", "modules", "plugin_utils")]


class _Loader(SourceFileLoader):
    """Python's own, with the compiled files in another folder; one that cannot be written is none."""

    def __init__(self, folder: str, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._folder = folder

    def get_code(self, fullname: str) -> CodeType | None:
        """Of a module. A compiled file that ends too soon is removed: a full disk leaves such ones, and Python goes by
        their beginning alone."""
        try:
            return super().get_code(fullname)
        except (EOFError, ValueError, TypeError):
            with suppress(OSError):
                os.unlink(self._kept(importlib.util.cache_from_source(self.path)))
            return self.source_to_code(self.get_data(self.path), self.path)

    def path_stats(self, path: str) -> dict[str, float]:
        """By what a source is known to be the one that was compiled. The time of its last change, which nobody can set:
        images often give all files of all releases one time, and the user's cache outlives them."""
        found = os.stat(path)
        return {"mtime": found.st_ctime_ns, "size": found.st_size}

    def get_data(self, path: str) -> bytes:
        """Of a source or compiled file."""
        return super().get_data(self._kept(path))

    def set_data(self, path: str, data: bytes, *, _mode: int = 0o666) -> None:
        """Keep a compiled file; Python asks for no other. Its folders are made, and it appears as a whole."""
        super().set_data(self._kept(path), data, _mode=0o600)

    def _kept(self, path: str) -> str:
        """Where a compiled file is kept: under its source's whole path. A source file stays where it is."""
        if not path.endswith(".pyc"):
            return path
        # As text, because it is done for some hundred files: pathlib takes ten times as long.
        source = os.path.splitdrive(importlib.util.source_from_cache(path))[1].lstrip(os.sep)
        return os.path.join(self._folder, os.path.dirname(source), os.path.basename(path))


class _Finder(MetaPathFinder):
    """Of what lies in some packages' folders. compiled: the folder for the compiled files."""

    def __init__(self, packages: Sequence[str], compiled: Path) -> None:
        self._packages = tuple(f"{package}." for package in packages)
        self._loader = partial(_Loader, str(compiled))
        self._folders: dict[str, FileFinder] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None, which leaves it to Ansible's finder, for all but a file of Python."""
        if not fullname.startswith(self._packages):
            return None
        for folder in path or ():
            finder = self._folders.setdefault(folder, FileFinder(folder, (self._loader, [".py"])))
            found = finder.find_spec(fullname)
            if found is not None and found.loader is not None and not found.submodule_search_locations:
                return found
        return None


def keep_compiled() -> None:
    """From here on, in a command of Ansible; tools that import plugins one by one are left alone."""
    ours = any(isinstance(finder, _Finder) for finder in sys.meta_path)
    compiled = user_cache() / "compiled"
    if context.CLIARGS and not ours and not sys.dont_write_bytecode and _is_private(compiled):
        sys.meta_path.insert(0, _Finder(_PACKAGES, compiled))


def _is_private(folder: Path) -> bool:
    """Whether nobody else can put there what is run from it. It is made if it is not there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
