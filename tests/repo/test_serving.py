# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server is named in its own folder, in modules of its own and in the registry, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import option
from ansible_collections.llmops.gke.plugins.module_utils.serving import registry

ENGINES = {
    "tgi": r"(?i:tgi|text.generation.inference)|\b(MODEL_ID|QUANTIZE|NUM_SHARD|MAX_(INPUT|TOTAL|BATCH\w+)_TOKENS)\b",
    "vllm": r"(?i:vllm)|--(max-model-len|tensor-parallel-size|gpu-memory-utilization|served-model-name)\b",
    "openai": r"\bOpenAi|serving[./]openai",
}
"""What an engine is known by: its names, its metrics, its settings."""

BUILT_ON = {"vllm": {"openai"}}
"""Engines whose protocol is another one's, and more."""

MARKED = re.compile(option("(.+?)"))

UTILS = ROOT / "plugins" / "module_utils"
TABLES = {"serving/registry.py", "workflows/preflight/rules/table.py"}
NEEDS = {"workflows/preflight/rules/metrics.py"}
"""Reads an engine's variables: what an autoscaler looks at must be measured."""


def test_every_engine_s_words_are_known_here():
    folders = {path.parent.name for path in (UTILS / "serving").glob("*/engine.py")}
    assert folders == set(ENGINES)


def test_no_other_code_names_an_engine():
    found = [
        f"{name}:{number}: {line.strip()}"
        for path in UTILS.rglob("*.py")
        if (name := path.relative_to(UTILS).as_posix()) not in TABLES | NEEDS
        for engine, words in ENGINES.items()
        if not _may_name(path, name, engine)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(words, line)
    ]
    assert found == []


def _may_name(path: Path, name: str, engine: str) -> bool:
    """Whether it is the engine's own file, or one of an engine that is built on it."""
    folders = name.split("/")
    built = any(folder in folders and engine in others for folder, others in BUILT_ON.items())
    return built or engine in folders or path.stem == engine or path.stem.startswith(f"{engine}_")


def role_vars(role: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "roles" / role / "vars" / "main.yml").read_text())


@pytest.mark.parametrize(("engine", "role"), role_vars("llmops")["__llmops_engine_roles"].items())
def test_messages_can_name_the_variable_of_each_setting(engine, role):
    """A row for each setting that the role's variables give the container, and that a crash may be about."""
    names, server = registry.engine(engine).variables, role_vars(role)[f"__{role}_server"]
    set_by = dict(re.findall(r"'(--[-a-z]+)=' ~ \(?(\w+)", server.get("args", "")))
    set_by |= dict(re.findall(rf"'([A-Z_]+)': ((?:llmops|{role})_\w+)", server["env"]))
    assert {name: names.get(name) for name in set_by} == set_by
    texts = [text for known in registry.engine(engine).crash_reasons for text in (known.reason, known.advice)]
    assert {name for text in texts for name in MARKED.findall(text)} <= names.keys()
    options = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    own = [name.split(" in ")[-1].split(".")[0] for name in names.values() if role in name]
    assert set(own) <= options["main"]["options"].keys()
