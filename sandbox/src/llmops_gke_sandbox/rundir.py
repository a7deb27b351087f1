# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's directory: which files it holds, and whether a sandbox lives in it.

A running sandbox holds a lock on its pid file, so a file that a killed one left behind is told from a live one
whatever process has its number by now.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from llmops_gke_sandbox.kubectl_access import PREFIX as CLUSTERS

_PID, ENDPOINTS, LOG = "sandbox.pid", "endpoints.json", "sandbox.log"
# gke-gcloud-auth-plugin keeps its token beside the kubeconfig.
_CLIENTS = ("kubeconfig", "gke_gcloud_auth_plugin_cache")
_FILES = (ENDPOINTS, LOG, "service-account.json", "requests.jsonl", *_CLIENTS)
_FOLDERS = ("gcloud",)
_ATTEMPTS, _BETWEEN_SECONDS = 10, 0.02


class RunDirectory:
    """One sandbox's directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Never closed: the lock goes with the process, so who finds it free knows that the process has ended.
        self._claim: IO[str] | None = None

    @contextlib.contextmanager
    def alone(self, *, make: bool = True) -> Iterator[None]:
        """Keep other starts and stops waiting.

        :param make: make the directory, for its owner alone, where it is not there.
        :raises FileNotFoundError: if it is not there and not to be made, or is removed before it is this one's turn.
        """
        descriptor = self._locked(make)
        while not self._is(descriptor):
            os.close(descriptor)
            descriptor = self._locked(make)
        try:
            yield
        finally:
            os.close(descriptor)

    def strangers(self) -> list[str]:
        """Return what lies where a sandbox's files would, though no sandbox has been here."""
        if (self.path / _PID).exists():
            return []
        return [name for name in (*_FILES, *_FOLDERS) if (self.path / name).exists()]

    def claim(self) -> bool:
        """Take the directory for this process, until it ends; False if another process has it."""
        file = open(self.path / _PID, "a+", encoding="utf-8")  # noqa: SIM115 - open is what holds the lock
        for _ in range(_ATTEMPTS):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                # pid() of another process holds it for a moment only.
                time.sleep(_BETWEEN_SECONDS)
        else:
            file.close()
            return False
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._claim = file
        return True

    def pid(self) -> int | None:
        """Return the process that has the directory, or None."""
        try:
            with open(self.path / _PID, encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    return int(file.read() or 0) or None
        except FileNotFoundError:
            pass
        return None

    def write_endpoints(self, endpoints: dict) -> None:
        """Say where everything is; the file appears whole."""
        draft = self.path / f"{ENDPOINTS}.new"
        draft.write_text(json.dumps(endpoints, indent=2) + "\n", encoding="utf-8")
        draft.replace(self.path / ENDPOINTS)

    def endpoints(self) -> dict | None:
        """Return what the running sandbox wrote, or None."""
        try:
            return json.loads((self.path / ENDPOINTS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def log_tail(self) -> str:
        """Return the last line of the log."""
        try:
            lines = (self.path / LOG).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        return lines[-1] if lines else "its log is empty"

    def forget(self) -> None:
        """Remove what a sandbox that is no more has left, and mark the directory as a sandbox's.

        The pid file stays the one that it is: a process that is about to claim it has it open by now.
        """
        self._remove()
        (self.path / _PID).touch()

    @property
    def used(self) -> bool:
        """Whether a sandbox runs here, or has left files."""
        return (self.path / _PID).exists()

    def clear(self) -> bool:
        """Remove every file that the sandbox made, and the directory if nothing else is in it.

        :returns: False if no sandbox has been here; then nothing is touched.
        """
        if not self.used:
            return False
        self._remove()
        # Last: while it is there, the others are known to be a sandbox's.
        (self.path / _PID).unlink()
        if not any(self.path.iterdir()):
            self.path.rmdir()
        return True

    def _remove(self) -> None:
        for name in _FOLDERS:
            shutil.rmtree(self.path / name, ignore_errors=True)
        # Those of clusters that a killed sandbox had.
        for file in self.path.glob(f"{CLUSTERS}*"):
            file.unlink()
        for name in (f"{ENDPOINTS}.new", *_FILES):
            (self.path / name).unlink(missing_ok=True)

    def _locked(self, make: bool) -> int:
        descriptor = None
        while descriptor is None:
            if make:
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Between the two, a stop may have removed it again.
            with contextlib.suppress(*([FileNotFoundError] if make else [])):
                descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor

    def _is(self, descriptor: int) -> bool:
        """Return whether an open directory is still the one of this path: who held the lock may have removed it."""
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False
