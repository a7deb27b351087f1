# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of options into each role's README from its argument_specs and defaults; --check only says what is
stale. Defaults that are too long for the table stand below it as they are written in defaults/main.yml."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

_MARKUP = re.compile(r"\b[CEMOUV]\(([^)]*)\)")
"""Ansible's markup of options, values and the like."""

_INTERNAL = re.compile(r"\b__\w+")
_BELOW = "below"
_WIDEST = 80
"""Characters of a default in the table."""

BEGIN, END = "<!-- options: written by scripts/role_docs.py -->", "<!-- end of options -->"
ROLES = Path(__file__).resolve().parent.parent / "roles"


def documented_roles() -> list[Path]:
    """The roles that a user sees; one that has its variables from another role is that one's other name."""
    return sorted(
        path for path in ROLES.iterdir() if path.is_dir() and not (path / "defaults" / "main.yml").is_symlink()
    )


def options_table(specification: dict[str, Any], defaults: str, internal: str) -> str:
    """A Markdown table of an entry point's options: name, type, default, meaning; below it the defaults that are long.

    :param defaults: the text of the role's defaults/main.yml, which alone has those that are computed.
    :param internal: the text of its vars/main.yml, where a default may be written down.
    """
    values = yaml.safe_load(defaults) or {}
    rows, long = ["| option | type | default | meaning |", "|---|---|---|---|"], []
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
        default = "required" if option.get("required") else _shown(option.get("default", values.get(name)))
        long += [name] if default == _BELOW else []
        rows.append(f"| `{name}` | {kind} | {default} | {meaning} |")
    if long:
        shown = "\n".join(_as_written(name, defaults) for name in long)
        behind = sorted(set(_INTERNAL.findall(shown)))
        rows += ["", "Defaults that the table has no room for:", "", "```yaml", shown]
        rows += ["# Internal to the role:", *(_as_written(name, internal) for name in behind)] if behind else []
        rows += ["```"]
    return "\n".join(rows)


def _shown(text: Any) -> str:
    if not isinstance(text, str):
        text = yaml.safe_dump(text, default_flow_style=True, width=10_000, sort_keys=False)
    text = " ".join(text.replace("\n...\n", "").split()).replace("|", "\\|")
    if len(text) > _WIDEST or _INTERNAL.search(text):
        return _BELOW
    return f"`{text}`" if text else "empty"


def _as_written(name: str, variables: str) -> str:
    """A variable's lines, those that belong to its value included."""
    found = re.search(rf"^{name}:.*\n(?:[ ]+.*\n|\n(?=[ ]))*", variables, re.MULTILINE)
    if not found:
        raise ValueError(f"{name} is in neither defaults/main.yml nor vars/main.yml")
    return found[0].rstrip("\n")


def main_entry(specifications: dict[str, Any]) -> dict[str, Any]:
    """The entry point whose options are the role's: main, or the only one of a role without tasks."""
    entries = specifications["argument_specs"]
    return entries.get("main") or next(iter(entries.values()))


def rendered(readme: str, role: Path) -> str:
    """The README with a fresh table between the two markers."""
    specifications = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())
    internal = role / "vars" / "main.yml"
    table = options_table(
        main_entry(specifications),
        (role / "defaults" / "main.yml").read_text(),
        internal.read_text() if internal.exists() else "",
    )
    before, rest = readme.split(BEGIN)
    _stale, after = rest.split(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> int:
    """Write, or with --check compare; returns the exit status."""
    stale = []
    for role in documented_roles():
        readme = role / "README.md"
        fresh = rendered(readme.read_text(), role)
        if fresh != readme.read_text():
            stale.append(str(readme.relative_to(ROLES.parent)))
            if "--check" not in sys.argv:
                readme.write_text(fresh)
    print("\n".join(f"stale: {path}" for path in stale) or "all role READMEs agree with their argument_specs")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
