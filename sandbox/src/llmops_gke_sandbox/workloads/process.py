# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container whose program really runs, as a process of this machine: Python, with what its image would bring.

SANDBOX_PYTHON in the container's environment names the Python that has it; without, the sandbox's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
from pathlib import Path

from llmops_gke_sandbox.workloads.base import ContainerContext

_SERVICE = re.compile(r"(?<=://)([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?(?::(\d+))?")
_PYTHON = ("python", "python3")
# A line of a report is longer than a stream's usual limit of 64 KiB.
_LONGEST_LINE = 4 * 1024 * 1024
_TERM_SECONDS = 5.0
_NOT_FOUND = 127


class ProcessWorkload:
    """Runs command and args in a folder of its own, where the files of ConfigMaps lie.

    Paths of mounts become paths in that folder, names of Services become where these listen on loopback: there is
    neither a container's file system nor cluster DNS here.

    :param library: the Python package without which the image's program is nothing; the container says so and ends.
    """

    def __init__(self, context: ContainerContext, library: str) -> None:
        self.ports: dict[int, int] = {}
        self.log: list[str] = []
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._context, self._library = context, library
        self._python = context.env.get("SANDBOX_PYTHON") or sys.executable
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task | None = None

    async def start(self) -> None:
        """Return once the process is started, or will never be."""
        self._task = asyncio.create_task(self._run(), name=f"process {self._context.container['name']}")

    async def stop(self) -> None:
        """End the process and what it has started."""
        if self._process is not None and self._process.returncode is None:
            self._signal(15)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _TERM_SECONDS)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process is not None:
            self._signal(9)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    async def _run(self) -> None:
        code = 1
        try:
            with tempfile.TemporaryDirectory(prefix="llmops-sandbox-") as directory:
                environment = self._environment(directory)
                if await self._has_library(environment):
                    code = await self._execute(Path(directory), environment)
        except Exception as error:
            self.log.append(f"the sandbox could not run this container: {error}")
        finally:
            if not self.exit.done():
                self.exit.set_result(code)

    def _environment(self, home: str) -> dict[str, str]:
        """Return the container's environment, and of the sandbox's own only what every program needs."""
        inherited = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return inherited | {"HOME": home} | self._context.env

    async def _has_library(self, environment: dict[str, str]) -> bool:
        command = (
            self._python,
            "-c",
            f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({self._library!r}))",
        )
        try:
            probe = await asyncio.create_subprocess_exec(*command, env=environment)
            missing = await probe.wait()
        except OSError:
            missing = _NOT_FOUND
        if missing:
            self.log.append(
                f"the sandbox runs this image's program as a local process, and {self._python} has no {self._library}; "
                f"install it with a Python that it supports and name that one in SANDBOX_PYTHON"
            )
        return not missing

    async def _execute(self, directory: Path, environment: dict[str, str]) -> int:
        context = self._context
        mounts = sorted({mount["mountPath"] for mount in context.container.get("volumeMounts") or []}, reverse=True)

        def localized(text: str) -> str:
            for mount in mounts:
                text = text.replace(mount, f"{directory}{mount}")
            return _SERVICE.sub(self._located, text)

        for path, text in context.files.items():
            file = Path(f"{directory}{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(localized(text))
        words = [*(context.container.get("command") or []), *(context.container.get("args") or [])]
        words = [self._python if word in _PYTHON else localized(word) for word in words]
        self._process = await asyncio.create_subprocess_exec(
            *words,
            cwd=directory,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
            start_new_session=True,
        )
        async for line in self._process.stdout:
            self.log.append(line.decode("utf-8", "replace").rstrip("\n"))
        return await self._process.wait()

    def _located(self, match: re.Match) -> str:
        service, namespace, port = match.groups()
        return self._context.locate(namespace, service, int(port or 80)) or match[0]
