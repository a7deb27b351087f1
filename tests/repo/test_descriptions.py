# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each description of an option can be read alone: it names what it is about, in a few words at least."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from role_docs import documented_roles
from working_copy import ROOT

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))

ROLES = [path.name for path in documented_roles()]
FEWEST_WORDS = 5
# A pronoun where the name of a thing should be, and a question whose object is missing.
NAMELESS = re.compile(
    r"(?:Whether|If|How|Where|When|What|Which) (?:it|they|this|these|there)\b"
    r"|(?:Its|Their|Whose)\b|(?:By|Of|To) which\b"
)


def names_nothing(description: str) -> bool:
    """Whether a description can only be understood together with the option's name."""
    return len(description.split()) < FEWEST_WORDS or NAMELESS.match(description) is not None


def faults(options: dict[str, Any], nested: str, path: str = "") -> Iterator[str]:
    """The options with such descriptions, each by its path. nested: the key of the options within one."""
    for name, option in options.items():
        described = option["description"]
        lines = [described] if isinstance(described, str) else described
        text = " ".join(lines)
        if names_nothing(text):
            yield f"{path}{name}: {text}"
        yield from faults(option.get(nested) or {}, nested, f"{path}{name}.")


def documented_options(module: str) -> dict[str, Any]:
    """A module's options with those of its documentation fragments."""
    documentation = yaml.safe_load(
        importlib.import_module(f"ansible_collections.llmops.gke.plugins.modules.{module}").DOCUMENTATION
    )
    options: dict[str, Any] = {}
    for name in documentation["extends_documentation_fragment"]:
        fragment, _dot, part = name.removeprefix("llmops.gke.").partition(".")
        found = importlib.import_module(f"ansible_collections.llmops.gke.plugins.doc_fragments.{fragment}")
        text = getattr(found.ModuleDocFragment, part.upper() or "DOCUMENTATION")
        options |= yaml.safe_load(text).get("options") or {}
    return options | documentation.get("options", {})


@pytest.mark.parametrize("module", MODULES)
def test_each_option_of_a_module_is_described_by_what_it_is_about(module: str):
    assert list(faults(documented_options(module), "suboptions")) == []


@pytest.mark.parametrize("role", ROLES)
def test_each_option_of_a_role_is_described_by_what_it_is_about(role: str):
    file = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    for entry_point in yaml.safe_load(file.read_text())["argument_specs"].values():
        assert list(faults(entry_point.get("options", {}), "options")) == []


@pytest.mark.parametrize(
    ("description", "refused"),
    [
        ("Whether it is on.", True),
        ("Whether they are turned on or off by this task.", True),
        ("By which of the endpoints of the control plane to reach it.", True),
        ("Its end, such as C(2026-01-03T08:00:00Z).", True),
        ("Most nodes in a zone.", False),
        ("What it watches.", True),
        ("Fewest tokens.", True),
        ("Enable the autoscaler of the node pool.", False),
    ],
)
def test_a_description_names_what_it_is_about(description: str, refused: bool):
    assert names_nothing(description) is refused
