# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that somebody else wrote, for a line of a summary; see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
name: one_line
short_description: Make a text fit to be printed on one line
version_added: 0.2.0
author: The llmops.gke engineers (@llmops)
description:
  - Makes one line of a text that a server, an event, a log or a model said, so that it cannot forge lines of output or
    act on the terminal.
  - Line breaks and tabs become blanks. Control characters and escape sequences are written out, such as V(\x1b[31m).
    Users and passwords in URLs are replaced by V(***).
positional: most
options:
  _input:
    description: The text. Any other value is converted to text.
    type: raw
    required: true
  most:
    description: Maximum number of characters. The middle of a longer text is left out, and the line says how much.
    type: int
    default: 1200
"""

EXAMPLES = r"""
- name: Show the message of an event
  ansible.builtin.debug:
    msg: "{{ event.message | llmops.gke.one_line }}"
"""

RETURN = r"""
_value:
  description: The text as one line.
  type: str
"""

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core import harmless


def one_line(value: Any, most: Any = harmless.QUOTE) -> str:
    """See DOCUMENTATION."""
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise AnsibleFilterError(f"one_line: most is {most!r}; it takes a number of characters, 1 or more")
    return harmless.one_line(value, most)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"one_line": one_line}
