# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates that are compiled once a run, and not again in the process of each task of each host.

Jinja's own cache of templates ends with the process that compiled them. What is kept here is what Jinja itself makes of
a template's text, under the text and all settings that it goes by.
"""

from __future__ import annotations

import base64
import marshal
from functools import cache
from types import CodeType
from typing import Any

from jinja2 import Environment

from ..module_utils.core.play_memory import PlayMemory, identity_of

try:
    # Whether backslashes are doubled is no setting of an environment. Where it cannot be told, nothing is kept.
    from ansible._internal._templating._jinja_bits import _TemplateCompileContext as CompileContext
except ImportError:
    CompileContext = None

MEMORY = PlayMemory(slots=1024, size=32768)
"""Of the controller, which imports this before it forks a task's process."""

_SETTINGS = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
    "optimized",
    "autoescape",
    "is_async",
)
"""Of jinja2.Environment, that decide what a template is compiled to."""


def keep_compiled_templates(templar: Any) -> None:
    """From here on, whatever ``templar`` or one that it is copied to compiles is kept for the run's other processes."""
    environment = getattr(getattr(templar, "_engine", templar), "environment", None)
    if CompileContext is not None and isinstance(environment, Environment) and not isinstance(environment, _Keeping):
        environment.__class__ = _keeping(type(environment))


class _Keeping:
    """What is put before the class of an environment."""

    def compile(self, source: Any, name: str | None = None, filename: str | None = None, **options: Any) -> Any:
        """See jinja2.Environment. Only text is kept, and no file that a template includes."""
        if not isinstance(source, str) or name or filename or any(options.values()):
            return super().compile(source, name, filename, **options)
        settings = [getattr(self, setting) for setting in _SETTINGS]
        context = CompileContext.current(optional=True)
        identity = identity_of("template", str(source), settings, context is not None and context.escape_backslashes)
        kept = MEMORY.recall(identity)
        if kept is not None:
            return marshal.loads(base64.b64decode(kept))
        compiled = super().compile(source)
        if isinstance(compiled, CodeType):
            MEMORY.keep(identity, base64.b64encode(marshal.dumps(compiled)).decode())
        return compiled


@cache
def _keeping(environment: type) -> type:
    return type(environment.__name__, (_Keeping, environment), {})
