# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock holds every requirement that is stated anywhere, within its range, for every Python that we support."""

from __future__ import annotations

import re
import tomllib
from itertools import chain

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from working_copy import ROOT

PYTHONS = ("3.11", "3.12", "3.13")
LOCKS = {name: (ROOT / name).read_text() for name in ("requirements.lock", "requirements-run.lock")}


def lines_of(lock: str) -> list[str]:
    """A requirement and its hashes are one line, continued by backslashes."""
    lines = LOCKS[lock].replace("\\\n", " ").splitlines()
    return [line for line in lines if line and not line.lstrip().startswith("#")]


def listed(name: str) -> list[Requirement]:
    """The requirements of a file, but for those that its options (-r, -e) name."""
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def stated() -> list[Requirement]:
    sandbox = tomllib.loads((ROOT / "sandbox" / "pyproject.toml").read_text())
    project = sandbox["project"]
    extras = project.get("optional-dependencies", {}).values()
    core = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    return [
        *(found for path in sorted(ROOT.glob("requirements*.txt")) for found in listed(path.name)),
        *map(Requirement, [*project["dependencies"], *chain.from_iterable(extras)]),
        *map(Requirement, sandbox["build-system"]["requires"]),
        Requirement(f"ansible-core{core}"),
    ]


def locked_for(python: str, lock: str = "requirements.lock") -> dict[str, Requirement]:
    """What pip would install from a lock on Linux with a Python, by name."""
    found: dict[str, Requirement] = {}
    here = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux", "os_name": "posix"}
    for line in lines_of(lock):
        requirement = Requirement(line.partition(" --hash")[0])
        if requirement.marker is None or requirement.marker.evaluate(here):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is there twice for Python {python}"
            found[name] = requirement
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_locked_within_its_range(python):
    locked = locked_for(python)
    wrong = []
    for requirement in stated():
        found = locked.get(canonicalize_name(requirement.name))
        version = str(found.specifier).removeprefix("==") if found else ""
        if not version or version not in requirement.specifier:
            wrong.append(f"{requirement}: {version or 'not in the lock'}")
    assert wrong == [], "run `make lock`"


@pytest.mark.parametrize("python", PYTHONS)
def test_what_runs_the_playbooks_is_a_part_of_the_lock(python):
    run, whole = locked_for(python, "requirements-run.lock"), locked_for(python)
    assert {name: str(found.specifier) for name, found in run.items()} == {
        name: str(whole[name].specifier) for name in run
    }
    sandbox = tomllib.loads((ROOT / "sandbox" / "pyproject.toml").read_text())["project"]["dependencies"]
    direct = [*listed("requirements.txt"), *listed("requirements-run.txt"), *map(Requirement, sandbox)]
    assert {canonicalize_name(requirement.name) for requirement in direct} <= set(run), "run `make lock`"
    # It is what a user waits for.
    assert len(run) < len(whole) / 2


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_is_pinned_by_hash(lock):
    pinned = re.compile(r"[a-z0-9._-]+==[^ ]+ (; [^#]+ )?( +--hash=sha256:[0-9a-f]{64})+")
    assert lines_of(lock)
    assert [line[:60] for line in lines_of(lock) if not pinned.fullmatch(line.rstrip())] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_that_packages_come_from(lock):
    assert re.findall(r".*(?:://|--(?:index|extra|find|trusted)).*", LOCKS[lock]) == []


def test_what_the_documents_require_is_what_is_stated():
    readme = (ROOT / "README.md").read_text()
    core = SpecifierSet(yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"])
    (floor,) = (bound.version for bound in core)
    assert f"ansible-core {floor} or newer" in readme
    libraries = re.search(r"libraries in `requirements\.txt`\s+\(([^)]*)\)", readme)
    assert libraries is not None
    assert libraries.group(1).split(", ") == [requirement.name for requirement in listed("requirements.txt")]
