# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make mutation` is told to break is there, and is the same code before it is broken."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

import mutation
import pytest
import working_copy

CONFIG = tomllib.loads(mutation.CONFIG.read_text())
GROUPS: dict[str, dict[str, Any]] = CONFIG["group"]


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_the_files_and_their_tests_are_there(group: dict[str, Any]):
    paths = [*map(mutation.source_of, group["files"]), *group["tests"]]
    assert [path for path in paths if not (working_copy.ROOT / path).is_file()] == []


def test_equivalent_mutants_are_of_those_files_and_each_has_its_reason():
    files = {name for group in GROUPS.values() for name in group["files"]}
    for entry in CONFIG["equivalent"]:
        assert entry["file"] in files
        assert entry["why"] and entry["lines"]


SOURCE = """\
import functools
from dataclasses import dataclass
from functools import cached_property

@functools.cache
def made(width: int) -> Box:
    return Box(width)

@dataclass
class Box:
    width: int

    @property
    def area(self) -> int:
        \"\"\"Of a square.\"\"\"
        return self.width**2

    @classmethod
    def unit(cls): return cls(1)

    @cached_property
    def sides(self) -> list[int]:
        return [self.width] * 4

    @property
    def double(self): return self.area * 2
"""


def test_properties_are_so_without_their_decorators_as_well_and_nothing_is_cached():
    changed = mutation.without_decorators(SOURCE)
    assert [line for line in changed.splitlines() if "@" in line] == ["@dataclass", "    @classmethod"]
    names: dict[str, Any] = {"dataclass": dataclass}
    exec("from __future__ import annotations\n" + changed, names)
    box = names["Box"](3)
    assert (box.area, box.double, names["Box"].unit().area) == (9, 18, 1)
    assert box == names["Box"](3)
    assert box.sides is box.sides == [3] * 4
    assert names["made"](3) == box and names["made"](3) is not names["made"](3)
