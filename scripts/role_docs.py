# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of options into each role's README from its argument_specs; --check only says what is stale."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

_MARKUP = re.compile(r"\b[CEMOUV]\(([^)]*)\)")
"""Ansible's markup of options, values and the like."""

BEGIN, END = "<!-- options: written by scripts/role_docs.py -->", "<!-- end of options -->"
ROLES = Path(__file__).resolve().parent.parent / "roles"


def documented_roles() -> list[Path]:
    """The roles that a user sees; one that has its variables from another role is that one's other name."""
    return sorted(
        path for path in ROLES.iterdir() if path.is_dir() and not (path / "defaults" / "main.yml").is_symlink()
    )


def options_table(specification: dict[str, Any]) -> str:
    """A Markdown table of an entry point's options: name, type, default, meaning."""
    rows = ["| option | type | default | meaning |", "|---|---|---|---|"]
    for name, option in specification["options"].items():
        kind = f"list of {option['elements']}" if option["type"] == "list" else option["type"]
        meaning = option["description"]
        if isinstance(meaning, list):
            meaning = " ".join(meaning)
        meaning = _MARKUP.sub(r"`\1`", meaning)
        if "choices" in option:
            meaning += (
                " One of " + ", ".join(f"`{choice}`" if choice else "empty" for choice in option["choices"]) + "."
            )
        rows.append(f"| `{name}` | {kind} | {_default(option)} | {meaning} |")
    return "\n".join(rows)


def _default(option: dict[str, Any]) -> str:
    if option.get("required"):
        return "required"
    # What is computed can't always be stated in the specification.
    if "default" not in option:
        return "see `defaults/main.yml`"
    text = option["default"]
    if not isinstance(text, str):
        text = yaml.safe_dump(text, default_flow_style=True, width=10_000, sort_keys=False)
    text = " ".join(text.replace("\n...\n", "").split()).replace("|", "\\|")
    if len(text) > 80:
        return "see `defaults/main.yml`"
    return f"`{text}`" if text else "empty"


def main_entry(specifications: dict[str, Any]) -> dict[str, Any]:
    """The entry point whose options are the role's: main, or the only one of a role without tasks."""
    entries = specifications["argument_specs"]
    return entries.get("main") or next(iter(entries.values()))


def rendered(readme: str, specification: dict[str, Any]) -> str:
    """The README with a fresh table between the two markers."""
    before, rest = readme.split(BEGIN)
    _stale, after = rest.split(END)
    return f"{before}{BEGIN}\n{options_table(specification)}\n{END}{after}"


def main() -> int:
    """Write, or with --check compare; returns the exit status."""
    stale = []
    for role in documented_roles():
        specifications = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())
        readme = role / "README.md"
        fresh = rendered(readme.read_text(), main_entry(specifications))
        if fresh != readme.read_text():
            stale.append(str(readme.relative_to(ROLES.parent)))
            if "--check" not in sys.argv:
                readme.write_text(fresh)
    print("\n".join(f"stale: {path}" for path in stale) or "all role READMEs agree with their argument_specs")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
