# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs shared by the modules that speak to a TGI server; documented in doc_fragments/tgi.py."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

from .tgi.parameters import PARAMETERS

_ELEMENTS: dict[str, dict[str, Any]] = {
    "stop": {"elements": "str"},
    "grammar": {
        "options": {
            "type": {"type": "str", "required": True, "choices": ["json", "regex", "json_schema"]},
            "value": {"type": "raw", "required": True},
        }
    },
}

# Ansible takes every name with "token" in it for a secret unless told otherwise.
_PARAMETER_OPTIONS = {
    name: {"type": parameter.type, **({"no_log": False} if "token" in name else {}), **_ELEMENTS.get(name, {})}
    for name, parameter in PARAMETERS.items()
}

TGI_REQUEST: dict[str, dict[str, Any]] = {
    "url": {"type": "str"},
    "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["TGI_API_KEY"])},
    "parameters": {"type": "dict", "options": _PARAMETER_OPTIONS},
}

# One of them says where the server is; port_forward is an option of kubernetes_port_forward.py.
TGI_REQUEST_RULES: dict[str, Any] = {
    "mutually_exclusive": [("url", "port_forward")],
    "required_one_of": [("url", "port_forward")],
}
