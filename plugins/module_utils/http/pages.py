# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists by pages, which end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .answers import Shape, Unexpected
from .session import HttpSession

MOST = 200
"""Pages of one list."""


def pages(
    http: HttpSession,
    path: str,
    doing: str,
    want: Shape,
    params: dict[str, Any],
    token_of: Callable[[Any], str | None],
    token_param: str,
    *,
    as_body: bool = False,
) -> Iterator[Any]:
    """Every page of a list. token_of: a page's token for the next one; token_param: the parameter that takes it.
    as_body: the parameters are sent as the body of a POST that changes nothing.

    Raises UnexpectedAnswer for a token that has come before, and for more than MOST pages.
    """
    method, seen = "POST" if as_body else "GET", set[str]()
    while True:
        if as_body:
            page = http.request("POST", path, doing=doing, json_body=params, repeatable=True, want=want).body
        else:
            page = http.request("GET", path, doing=doing, params=params or None, want=want).body
        yield page
        token = token_of(page)
        if not token:
            return
        if token in seen:
            raise http.unexpected(method, path, doing, Unexpected("the token of a page that it gave before"), want)
        if len(seen) == MOST:
            raise http.unexpected(method, path, doing, Unexpected(f"more than {MOST} pages"), want)
        seen.add(token)
        params = {**params, token_param: token}
