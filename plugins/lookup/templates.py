# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What template files render to, with each variable resolved once for all of them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: templates
short_description: Render template files
version_added: 0.2.0
description:
  - Renders template files with Jinja, as the lookup C(ansible.builtin.template) does.
  - Resolves each variable that a template names once for all templates of the call, which takes a fraction of the time
    where variables are made of others.
author: The llmops.gke engineers (@llmops)
options:
  _terms:
    description: Template files, looked for in the C(templates) folder of the role first.
    type: list
    elements: str
    required: true
notes:
  - A variable is resolved where a template names it, even where the template then makes no use of it.
seealso:
  - module: llmops.gke.k8s_apply
"""

EXAMPLES = r"""
- name: Apply a role's manifests
  llmops.gke.k8s_apply:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    namespace: default
    manifests: "{{ query('llmops.gke.templates', 'deployment.yaml.j2', 'service.yaml.j2') }}"
"""

RETURN = r"""
_raw:
  description: The text of each file, in the order of the terms.
  type: list
  elements: str
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.template import trust_as_template

from ..plugin_utils.compiled_templates import keep_compiled_templates
from ..plugin_utils.resolved_variables import ResolvedVariables, shared


class LookupModule(LookupBase):
    """Text of templates."""

    def run(self, terms: Iterable[str], variables: Mapping[str, Any] | None = None, **_options: Any) -> list[str]:
        """See RETURN. Raises AnsibleError where a file is not there, or cannot be rendered."""
        variables = variables or {}
        resolved = shared(self._templar, self._templar.copy_with_new_env, variables)
        return [self._rendered(str(term), resolved, variables) for term in terms]

    def _rendered(self, term: str, resolved: ResolvedVariables, variables: Mapping[str, Any]) -> str:
        path = self.find_file_in_search_path(variables, "templates", term)
        if not path:
            raise AnsibleError(f"the template file {term} is not there")
        text = trust_as_template(self._loader.get_text_file_contents(path))
        templar = self._templar.copy_with_new_env(
            available_variables=resolved.values_in(text), searchpath=[str(Path(path).parent)]
        )
        keep_compiled_templates(templar)
        return templar.template(text, escape_backslashes=False)
