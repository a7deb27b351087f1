# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutation tests of the pure parts: mutation.py [NAME...], where a name is a table of tests/unit/mutation.toml.

mutmut breaks a file in one small way after the other, and its unit tests must notice. It knows a function by the path
of its file, so it runs in a copy that lies where Python imports the collection from: .cache/mutation/NAME. A group's
outcome stays there until one of its files or tests changes.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import working_copy

CONFIG = working_copy.ROOT / "tests" / "unit" / "mutation.toml"
CACHE = working_copy.ROOT / ".cache" / "mutation"
PLUGINS = Path("plugins")
COLLECTION = Path("ansible_collections") / "llmops" / "gke"
RECORDED = Path("sandbox") / "tests" / "golden"
"""What real servers answered: some unit tests read it."""
LEAST = 90
"""Per cent of a file's mutants that must be killed."""

# What mutmut's exit codes of a mutant's tests mean; a test-suite that never ends has noticed, too.
_KILLED = frozenset({1, 3, 24, -24, 36, 152, 255})
_NOT_RUN = 33
_PROPERTIES, _CACHED = ("property", "cached_property"), "functools.cache"
_SETTINGS = """\
[tool.mutmut]
source_paths = ["{sources}"]
only_mutate = {files}
also_copy = {others}
pytest_add_cli_args = ["-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {tests}
timeout_multiplier = 5.0
use_git_change_detection = false

[tool.pytest.ini_options]
pythonpath = ["."]
addopts = ["--import-mode=importlib", "--strict-markers"]
"""


class Mutant(NamedTuple):
    """A break in a file. removed, added: the lines of the source that it changes, stripped."""

    file: str
    function: str
    removed: str
    added: str


class Outcome(NamedTuple):
    """Of one file: how many mutants its tests killed, and those that survived."""

    file: str
    killed: int
    survivors: list[Mutant]


def of_unit_tests(path: Path) -> bool:
    """Whether a file is a unit test, or something that they share or read."""
    return path.parts[0] == "tests" and (len(path.parts) == 2 or path.parts[1] in ("unit", "golden"))


def source_of(name: str) -> Path:
    """The path of a group's file: below module_utils, unless its name begins with plugin_utils/."""
    return PLUGINS / name if name.startswith("plugin_utils/") else PLUGINS / "module_utils" / name


def copy_to(stage: Path, group: dict[str, Any]) -> None:
    """Lay out what a group's tests import below ``stage``, with mutmut's settings."""
    for path in working_copy.files():
        if path.parts[0] in ("plugins", "meta"):
            target = stage / COLLECTION / path
        elif of_unit_tests(path) or path.is_relative_to(RECORDED):
            target = stage / path
        else:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(working_copy.ROOT / path, target)
    files = [COLLECTION / source_of(name) for name in group["files"]]
    for file in files:
        (stage / file).write_text(without_decorators((stage / file).read_text()))
    settings = _SETTINGS.format(
        sources=COLLECTION / PLUGINS,
        files=json.dumps([str(file) for file in files]),
        others=json.dumps([str(COLLECTION / "meta"), str(RECORDED)]),
        tests=json.dumps(group["tests"]),
    )
    (stage / "pyproject.toml").write_text(settings)


def without_decorators(source: str) -> str:
    """The same code for mutmut, which leaves alone what is decorated: properties are made after their functions, and
    nothing is cached, because a mutant's process would go on with what was cached before."""
    tree, lines = ast.parse(source), source.splitlines()
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    decorated = {
        item: ast.unparse(item.decorator_list[0])
        for body in bodies
        for item in body
        if isinstance(item, ast.FunctionDef) and len(item.decorator_list) == 1
    }
    for item, decorator in sorted(decorated.items(), key=lambda pair: pair[0].lineno, reverse=True):
        if decorator in _PROPERTIES:
            made = f"{' ' * item.col_offset}{item.name} = {decorator}({item.name})"
            lines.insert(item.end_lineno or item.lineno, made)
        if decorator in (*_PROPERTIES, _CACHED):
            del lines[item.decorator_list[0].lineno - 1]
    return "\n".join(lines) + "\n"


def fingerprint(group: dict[str, Any]) -> str:
    """What a group's outcome hangs on: its files, its tests and what the tests share, the tool."""
    shared = [path for path in working_copy.files() if of_unit_tests(path) and path.suffix == ".py"]
    support = [path for path in shared if not path.name.startswith("test_")]
    digest = hashlib.sha256(f"{version('mutmut')} {Path(__file__).read_text()}".encode())
    for path in [*map(source_of, group["files"]), *map(Path, group["tests"]), *support]:
        digest.update(f"{path}\n".encode() + (working_copy.ROOT / path).read_bytes())
    return digest.hexdigest()


def run(name: str, group: dict[str, Any], processes: int) -> list[Outcome]:
    """The outcome of each file of a group; SystemExit where its tests fail without any mutant."""
    stage, kept = CACHE / name, CACHE / name / "outcome.json"
    key = fingerprint(group)
    if kept.exists() and (known := json.loads(kept.read_text()))["key"] == key:
        return [
            Outcome(file, killed, [Mutant(*mutant) for mutant in survivors])
            for file, killed, survivors in known["outcomes"]
        ]
    shutil.rmtree(stage, ignore_errors=True)
    copy_to(stage, group)
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    command = [mutmut, "run", "--max-children", str(processes)]
    done = subprocess.run(command, cwd=stage, check=False, capture_output=True, text=True)
    if done.returncode:
        # All but the lines of its spinner.
        said = [line for line in done.stdout.splitlines() if not "\u2800" <= line[:1] <= "\u28ff"]
        sys.exit("\n".join([f"{name}: mutmut failed", *said[-60:], done.stderr]))
    outcomes = [outcome_of(stage, file) for file in group["files"]]
    kept.write_text(json.dumps({"key": key, "outcomes": outcomes}))
    return outcomes


def outcome_of(stage: Path, file: str) -> Outcome:
    """What mutmut wrote down about one file."""
    source = COLLECTION / source_of(file)
    meta = json.loads((stage / "mutants" / f"{source}.meta").read_text())
    codes: dict[str, int | None] = meta["exit_code_by_key"]
    survivors = [shown(stage, file, name, code) for name, code in codes.items() if code not in _KILLED]
    return Outcome(file, len(codes) - len(survivors), survivors)


def shown(stage: Path, file: str, name: str, code: int | None) -> Mutant:
    """A mutant as mutmut shows it: a diff of its function."""
    # x_name, or x, a click letter, the class, another click letter and the method.
    function = name.rpartition(".")[2].partition("__mutmut_")[0][2:].replace("\u01c1", ".")
    if code == _NOT_RUN:
        return Mutant(file, function, "", "no test runs it")
    show = [str(Path(sys.executable).with_name("mutmut")), "show", name]
    diff = subprocess.run(show, cwd=stage, check=True, capture_output=True, text=True).stdout.splitlines()
    body = [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    removed, added = (" ".join(line[1:].strip() for line in body if line[0] == sign) for sign in "-+")
    return Mutant(file, function, removed, added)


def main() -> int:
    """Run the groups that were asked for, or all; 1 where a file is below the mark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="groups of tests/unit/mutation.toml; all, if none is given")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    arguments = parser.parse_args()
    config = tomllib.loads(CONFIG.read_text())
    groups: dict[str, dict[str, Any]] = config["group"]
    if unknown := set(arguments.names) - set(groups):
        parser.error(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(groups)}")
    equivalent = {(entry["file"], line) for entry in config.get("equivalent", []) for line in entry["lines"]}
    below, met = [], set()
    for name in arguments.names or groups:
        for file, killed, survivors in run(name, groups[name], arguments.processes):
            alive = [mutant for mutant in survivors if (file, mutant.added) not in equivalent]
            met |= {(file, mutant.added) for mutant in survivors}
            share = 100 * killed / ((killed + len(alive)) or 1)
            print(f"{file:<44} {killed:>4} killed {len(alive):>4} survived {share:>6.1f} %", flush=True)
            for mutant, times in Counter(alive).items():
                print(f"    {mutant.function}" + (f", {times} times" if times > 1 else ""))
                for sign, line in (("-", mutant.removed), ("+", mutant.added)):
                    if line:
                        print(f"      {sign} {line}")
            below += [file] if share < LEAST else []
    tried = {file for name in arguments.names or groups for file in groups[name]["files"]}
    for file, line in sorted(one for one in equivalent - met if one[0] in tried):
        print(f"listed as equivalent, but no mutant survives so: {file}: {line}")
    print(f"below {LEAST} %: {', '.join(below)}" if below else f"every file has {LEAST} % or more killed")
    return bool(below)


if __name__ == "__main__":
    sys.exit(main())
