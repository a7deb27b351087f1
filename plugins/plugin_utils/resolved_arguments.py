# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of a task, each variable that they name resolved once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .resolved_variables import of_one_task, shared


class ResolvedArguments:
    """For action plugins: what ansible-core asks them about the arguments of a task. It comes before ActionBase.

    Experimental there: where it is not asked, the arguments are resolved as for any action.
    """

    @classmethod
    @contextmanager
    def get_finalize_task_args_context(cls) -> Iterator[None]:
        """Holds while the arguments of a task, or of one item of its loop, are resolved."""
        with of_one_task():
            yield

    @classmethod
    def finalize_task_arg(cls, name: str, value: Any, templar: Any, context: Any) -> Any:
        """An argument's value."""
        return shared(templar, templar.extend, templar.available_variables).rendered(value)
