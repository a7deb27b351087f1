# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every manifest that the roles render for a set of variables, by Ansible's own templating and without a play."""

from __future__ import annotations

from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from working_copy import ROOT

ROLES = ROOT / "roles"
NEEDED = {"llmops_project": "some-project", "llmops_zones": ["us-central1-a"]}

init_plugin_loader()


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
