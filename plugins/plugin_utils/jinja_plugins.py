# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters and tests of templates are looked for once, and not again in the process of each task of each host."""

from __future__ import annotations

from ansible.plugins.loader import filter_loader, test_loader

try:
    from ansible._internal._templating._jinja_bits import _BUILTIN_FILTERS, _BUILTIN_TESTS
    from ansible.plugins.loader import _DeferredPluginLoadFailure as NotFound
except ImportError:
    # Another release keeps them elsewhere, and looks for them as ever.
    _BUILTIN_FILTERS = _BUILTIN_TESTS = NotFound = None


def load_jinja_plugins() -> None:
    """Have Ansible load its own, which it does with the first that is used, and know which are not among them.

    It uses one of Jinja's, such as ``length``, where it finds none of that name, and whenever it is asked for one it
    goes through the files of all of its own.
    """
    for loader, name in ((filter_loader, "ansible.builtin.default"), (test_loader, "ansible.builtin.defined")):
        loader.get(name)
    if NotFound is None:
        return
    for loader, of_jinja in ((filter_loader, _BUILTIN_FILTERS), (test_loader, _BUILTIN_TESTS)):
        # Empty until Ansible has loaded its own; a plugin that somebody put in the place of one stays there.
        if known := getattr(loader, "_cached_non_collection_wrappers", None):
            for name in of_jinja:
                # The class: one error raised again and again would gather the traces of all times.
                known.setdefault(name, NotFound(KeyError))
