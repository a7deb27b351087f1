# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every manifest that the roles render for a set of variables, by Ansible's own templating and without a play.

A program of its own, because Ansible's finder of plugins would be in the way of other tests once it is in place. It
reads a list of sets of variables, and writes ``{"labels": …, "objects": [[[role, object], …], …]}``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from working_copy import ROOT

ROLES = ROOT / "roles"
NEEDED = {"llmops_project": "some-project", "llmops_zones": ["us-central1-a"]}


def _files(kind: str) -> dict[str, dict[str, Any]]:
    """Return what the file main.yml of one kind says, by role."""
    loader = DataLoader()
    return {
        path.parts[-3]: loader.load_from_file(str(path), trusted_as_template=True) or {}
        for path in sorted(ROLES.glob(f"*/{kind}/main.yml"))
    }


DEFAULTS, VARS = _files("defaults"), _files("vars")
MANIFESTS = [(role, name) for role, variables in VARS.items() for name in variables if name.endswith("_manifests")]
"""Where each role says what it applies."""


def rendered(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the program says of these sets of a user's variables."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps(cases),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def render(given: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return each object with its role, with these variables of a user."""
    return [(role, one) for role, name in MANIFESTS for one in _objects(_evaluated(role, name, given))]


def labels() -> dict[str, str]:
    """Return the labels that the role lb_labels gives the Service."""
    return _evaluated("lb_labels", "lb_labels_labels", {})


def _evaluated(role: str, name: str, given: dict[str, Any]) -> Any:
    variables: dict[str, Any] = {
        "ansible_search_path": [str(ROLES / role)],
        "ansible_config_file": "",
        "ansible_playbook_python": "/usr/bin/python3",
        "inventory_hostname": "model",
        "role_path": str(ROLES / role),
    }
    for one in ("llmops", *VARS["llmops"]["__llmops_engine_roles"].values(), role):
        variables |= DEFAULTS.get(one, {}) | VARS.get(one, {})
    variables |= NEEDED | given
    return Templar(DataLoader(), variables=variables).template(trust_as_template(f"{{{{ {name} }}}}"))


def _objects(rendered: list[str]) -> list[dict[str, Any]]:
    return [one for text in rendered for one in yaml.safe_load_all(text) if one]


if __name__ == "__main__":
    init_plugin_loader()
    json.dump(
        {"labels": labels(), "objects": [render(case) for case in json.load(sys.stdin)]}, sys.stdout, default=dict
    )
