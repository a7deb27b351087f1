# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server is named in its own folder, in modules of its own and in the registry, and nowhere else."""

from __future__ import annotations

import re

from working_copy import ROOT

ENGINES = {
    "tgi": r"(?i:tgi|text.generation.inference)|\b(MODEL_ID|QUANTIZE|NUM_SHARD|MAX_(INPUT|TOTAL|BATCH\w+)_TOKENS)\b",
}
"""What an engine is known by: its names, its metrics, its settings."""

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
        if not (engine in name.split("/") or path.stem == engine or path.stem.startswith(f"{engine}_"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(words, line)
    ]
    assert found == []
