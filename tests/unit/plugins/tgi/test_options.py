# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation, argument spec and the table of parameters say the same."""

from __future__ import annotations

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.doc_fragments.tgi import ModuleDocFragment
from ansible_collections.llmops.gke.plugins.module_utils.serving.options import TGI_REQUEST
from ansible_collections.llmops.gke.plugins.modules.tgi_generate import SPEC


def test_the_fragment_documents_every_parameter_with_its_type():
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert set(documented) == set(TGI_REQUEST)
    suboptions = documented["parameters"]["suboptions"]
    options = TGI_REQUEST["parameters"]["options"]
    assert {name: entry["type"] for name, entry in suboptions.items()} == {
        name: entry["type"] for name, entry in options.items()
    }


def test_the_key_is_hidden_and_token_counts_are_not():
    arguments = {"url": "http://h", "inputs": "hi", "api_key": "sk-canary", "parameters": {"max_new_tokens": 4711}}
    validated = ArgumentSpecValidator(dict(SPEC.argument_spec)).validate(arguments)
    assert validated.errors.messages == []
    assert validated._no_log_values == {"sk-canary"}
