# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of modules and roles as they are documented, and what modules document of their results."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from tests.playbooks.playground import ROOT

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
COLLECTION = "llmops.gke."
_OF_ANSIBLE = {
    "changed", "failed", "invocation", "warnings", "deprecations", "diff", "exception", "ansible_stats",
}  # fmt: skip
_TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict}


def _module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.llmops.gke.plugins.modules.{name}")


def examples_of_module(name: str) -> list[dict[str, Any]]:
    """The tasks of a module's EXAMPLES."""
    return yaml.safe_load(_module(name).EXAMPLES)


def play_of_role(name: str) -> list[dict[str, Any]]:
    """The play that a role's README begins with; empty where it shows none."""
    text = (ROOT / "roles" / name / "README.md").read_text()
    found = re.search(r"^```yaml\n(- hosts:.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return yaml.safe_load(found[1]) if found else []


@cache
def _returned(name: str) -> Mapping[str, Any]:
    return yaml.safe_load(_module(name).RETURN)


def untrue(name: str, result: Mapping[str, Any], *, failed: bool) -> list[str]:
    """What a module's RETURN says otherwise than its result is."""
    documented = _returned(name)
    of_others = _OF_ANSIBLE | ({"msg"} if failed else set())
    found = [
        f"{part} is not documented"
        for part in result
        if part not in documented and part not in of_others and not part.startswith("_ansible_")
    ]
    for part, described in documented.items():
        when = described["returned"]
        if part in result:
            found += _untrue_value(part, described, result[part])
            if failed and when == "success":
                found.append(f"{part} is returned on failure as well")
        elif when in ("always", "failure" if failed else "success"):
            found.append(f"{part} is missing, but returned: {when}")
    return sorted(set(found))


def _untrue_value(path: str, described: Mapping[str, Any], value: Any) -> Iterator[str]:
    wanted = described["type"]
    if value is None:
        if not re.search(r"\bnull\b", str(described["description"]), re.IGNORECASE):
            yield f"{path} is null, which is not documented"
    elif not isinstance(value, _TYPES[wanted]) or (isinstance(value, bool) and wanted != "bool"):
        yield f"{path} is of the type {type(value).__name__}, not {wanted}"
    elif wanted == "list":
        for item in value:
            if not isinstance(item, _TYPES[described["elements"]]):
                yield f"{path} has a {type(item).__name__}, not {described['elements']}"
            elif "contains" in described:
                yield from _untrue_parts(f"{path}[]", described["contains"], item)
    elif "contains" in described:
        by_name = "by its name" in described["description"]
        for name, one in value.items() if by_name else [("", value)]:
            yield from _untrue_parts(f"{path}.{name}" if name else path, described["contains"], one)


def _untrue_parts(path: str, described: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{path}.{part} is not documented" for part in value if part not in described)
    for part, one in described.items():
        if part in value:
            yield from _untrue_value(f"{path}.{part}", one, value[part])
        elif one.get("returned", "always") == "always":
            yield f"{path}.{part} is missing"
