# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request that the verify role sends by default is one that each model server takes."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.chat import check_chat

VARIABLES = Path(__file__).parents[4] / "roles" / "verify" / "vars" / "main.yml"


def _takes(name, value):
    try:
        check_chat([{"role": "user", "content": "hello"}], {name: value})
    except InvalidOption:
        return False
    return True


def test_a_chat_is_without_what_tgi_s_chat_route_does_not_take():
    variables = yaml.safe_load(VARIABLES.read_text(encoding="utf-8"))
    given = variables["__verify_engine_parameters"]["tgi"]
    refused = [name for name, value in given.items() if not _takes(name, value)]
    assert sorted(refused) == variables["__verify_not_in_chats"]["tgi"]
