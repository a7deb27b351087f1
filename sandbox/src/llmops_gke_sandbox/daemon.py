# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox as a process: served in the background, started and stopped from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.rundir import LOG, RunDirectory

_START_SECONDS = 30
# An API server that somebody else runs is given time to let go of what the sandbox brought.
_STOP_SECONDS = 60
_LOOK_EVERY = 0.02


class DaemonError(Exception):
    """Why a sandbox did not start or stop, in one line."""


def serve(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code.

    :raises DaemonError: if another sandbox has the directory.
    """
    # Here and not above: the other commands only talk to a sandbox that runs, and should not wait for what it imports.
    import asyncio

    directory = RunDirectory(config.directory)
    if not directory.claim():
        raise DaemonError(f"another sandbox runs in {config.directory}")
    asyncio.run(_serve(config, directory))
    return 0


async def _serve(config: Config, directory: RunDirectory) -> None:
    import asyncio

    from llmops_gke_sandbox.server import Sandbox

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    sandbox = Sandbox(config)
    await sandbox.start()
    directory.write_endpoints(sandbox.endpoints() | {"pid": os.getpid()})
    await ended.wait()
    await sandbox.stop()


def start(config: Config, arguments: list[str]) -> dict:
    """Start a sandbox in the background and wait until it answers.

    :param arguments: the command line from which the process makes the same config.
    :returns: changed, directory, and the endpoints.
    :raises DaemonError: with the log's last line.
    """
    directory = RunDirectory(config.directory)
    with directory.alone():
        changed = directory.pid() is None
        # One that has the directory may not answer yet, where the start that launched it was killed.
        _wait(directory, _launch(directory, arguments) if changed else None)
        return {"changed": changed, "directory": str(directory.path)} | directory.endpoints()


def stop(path: Path) -> bool:
    """Stop the sandbox of a directory and remove its files; False if there was nothing.

    :raises DaemonError: if its process does not end.
    """
    directory = RunDirectory(path)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(directory.alone(make=False))
        except (FileNotFoundError, NotADirectoryError):
            return False
        pid = directory.pid()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if pid is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if _gone(directory):
                break
        else:
            raise DaemonError(f"process {pid} of {path} does not end")
        return directory.clear()


def _launch(directory: RunDirectory, arguments: list[str]) -> subprocess.Popen:
    if strangers := directory.strangers():
        raise DaemonError(f"{directory.path / strangers[0]} is not a sandbox's; choose another directory")
    directory.forget()
    with open(directory.path / LOG, "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "llmops_gke_sandbox", "serve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def _wait(directory: RunDirectory, process: subprocess.Popen | None) -> None:
    """Wait until the directory's sandbox answers: that process, or another one that had the directory before it."""
    deadline = time.monotonic() + _START_SECONDS
    while directory.endpoints() is None:
        ended = process is None or process.poll() is not None
        if ended and directory.pid() is None:
            code = f" (exit code {process.returncode})" if process else ""
            raise DaemonError(f"the sandbox did not start{code}: {directory.log_tail()}")
        if time.monotonic() > deadline:
            if process:
                process.kill()
            raise DaemonError(f"the sandbox did not answer within {_START_SECONDS} s: {directory.log_tail()}")
        time.sleep(_LOOK_EVERY)


def _gone(directory: RunDirectory) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if directory.pid() is None:
            return True
        time.sleep(_LOOK_EVERY)
    return False
