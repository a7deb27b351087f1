# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that a task leaves out and a variable sets for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

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

    A role's task also has the credentials of the inventory, unless the play gave some by its module_defaults, as the
    playbooks do. A play's own tasks are the user's, who may have others in mind.
    """
    if "kubeconfig" in given and has_kubernetes_access(spec):
        return {}
    found = dict(_by_their_variables(spec, given, variables, resolved))
    if of_our_role and not GOOGLE_AUTH.keys() & given.keys():
        credentials = resolved(variables.get(_CREDENTIALS))
        if isinstance(credentials, Mapping):
            found |= {name: value for name, value in credentials.items() if name in spec}
    return found


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
