# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that a task leaves out and a variable sets for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.validation import check_type_dict

from ..module_utils.google.options import GOOGLE_AUTH
from ..module_utils.workflows.cluster_options import has_kubernetes_access
from .role_variables import SHARED_OPTIONS

_CREDENTIALS = "llmops_google_auth"


def left_out(
    spec: Mapping[str, Any],
    given: Mapping[str, Any],
    variables: Mapping[str, Any],
    resolved: Callable[[Any], Any],
    of_our_role: bool,
) -> dict[str, Any]:
    """What the variables set of the options in ``spec``, beside those that are given.

    A role's task also has the credentials of the inventory, unless the play gave some by its module_defaults, as those
    do that have tasks of their own. A play's own tasks are the user's, who may have others in mind.
    """
    if "kubeconfig" in given and has_kubernetes_access(spec):
        return {}
    found = dict(_by_their_variables(spec, given, variables, resolved))
    if of_our_role and GOOGLE_AUTH.keys() <= spec.keys() and not GOOGLE_AUTH.keys() & given.keys():
        credentials = _credentials(spec, resolved(variables.get(_CREDENTIALS)))
        found |= {name: value for name, value in credentials.items() if name not in given}
    return found


def _credentials(spec: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """The credentials as options. Raises AnsibleActionFail for what is none: left out, it would let the task act as
    whoever the machine is. A text, as ``-e NAME=VALUE`` gives it, counts as it does to the roles' argument specs."""
    try:
        credentials = check_type_dict(value) if value else {}
    except (TypeError, ValueError):
        # Which may hold a secret.
        raise AnsibleActionFail(
            f"{_CREDENTIALS}: its value is not accepted; it takes a dictionary of options"
        ) from None
    if unknown := [str(name) for name in credentials if name not in spec]:
        accepted = ", ".join(GOOGLE_AUTH)
        raise AnsibleActionFail(f"{_CREDENTIALS}: {', '.join(unknown)} is not accepted; it takes {accepted}")
    return credentials


def _by_their_variables(
    spec: Mapping[str, Any],
    given: Mapping[str, Any],
    variables: Mapping[str, Any],
    resolved: Callable[[Any], Any],
) -> Iterator[tuple[str, Any]]:
    for name, variable in SHARED_OPTIONS.items():
        if name in spec and name not in given and variable in variables:
            value = resolved(variables[variable])
            if value:
                yield name, value
