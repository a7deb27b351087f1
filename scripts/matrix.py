# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries the collection on each pair of ansible-core and Python that it is said to work with: matrix.py [CELL...]

A cell is named like ``2.20-py3.13``; --json lists them all for GitHub's workflow. In each, an environment of its own is
made, and scripts/try_versions.sh runs `make compatible` there, and the demo twice: the second changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import working_copy

# The lowest that meta/runtime.yml allows, and the newest of each series that is maintained, on every Python that both
# it and the collection take.
PYTHONS = {
    "2.19.1": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13"),
    "2.21": ("3.12", "3.13"),
}


class Cell(NamedTuple):
    """core: a series, whose newest patch is meant, or one release. python: major and minor version."""

    core: str
    python: str

    @property
    def name(self) -> str:
        """As the command line takes it."""
        return f"{self.core}-py{self.python}"

    @property
    def versions(self) -> str:
        """As scripts/set_up.sh takes it."""
        return f"core-{self.core}"


CELLS = {cell.name: cell for core, pythons in PYTHONS.items() for cell in (Cell(core, python) for python in pythons)}


def candidates(python: str) -> Iterator[str]:
    """Commands that may be a Python of that version: in the path, and where pyenv keeps those that it has."""
    yield f"python{python}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob(f"versions/{python}.*/bin/python{python}")))


def interpreter(python: str) -> str | None:
    """The first that starts, is of that version and can make environments; shims of version managers may not."""
    wanted = tuple(map(int, python.split(".")))
    test = f"import ensurepip, sys; sys.exit(sys.version_info[:2] != {wanted})"
    for candidate in candidates(python):
        command = shutil.which(candidate)
        if command and subprocess.run([command, "-c", test], capture_output=True, check=False).returncode == 0:
            return command
    return None


def outcome(cell: Cell) -> str:
    """``passed``, ``failed``, or that there is no such Python; what the checks print goes through."""
    python = interpreter(cell.python)
    if python is None:
        return f"not run: no Python {cell.python} here"
    script = str(working_copy.ROOT / "scripts" / "try_versions.sh")
    done = subprocess.run(["bash", script, cell.versions, python, "compatible"], cwd=working_copy.ROOT, check=False)
    # Hundreds of megabytes that nobody will look at again.
    if done.returncode == 0:
        shutil.rmtree(working_copy.ROOT / f".venv-{cell.versions}", ignore_errors=True)
    return "failed" if done.returncode else "passed"


def main() -> int:
    """1 where a cell failed, or one that was asked for by name could not be run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cells", nargs="*", metavar="CELL", help=f"{', '.join(CELLS)}; all, if none is given")
    parser.add_argument("--json", action="store_true", help="list the cells and run none")
    arguments = parser.parse_args()
    if unknown := set(arguments.cells) - set(CELLS):
        parser.error(f"no such cell: {', '.join(sorted(unknown))}; there are {', '.join(CELLS)}")
    if arguments.json:
        print(json.dumps([{"cell": cell.name, **cell._asdict()} for cell in CELLS.values()]))
        return 0
    outcomes = {}
    for name in arguments.cells or CELLS:
        print(f"\n======== {name} ========", flush=True)
        began = time.monotonic()
        outcomes[name] = outcome(CELLS[name])
        print(f"{name}: {outcomes[name]}, {time.monotonic() - began:.0f} s", flush=True)
    print("\n======== summary ========")
    for name, said in outcomes.items():
        print(f"{name:<15}{said}")
    left_out = [name for name in arguments.cells if outcomes[name].startswith("not run")]
    return int("failed" in outcomes.values() or bool(left_out) or "passed" not in outcomes.values())


if __name__ == "__main__":
    sys.exit(main())
