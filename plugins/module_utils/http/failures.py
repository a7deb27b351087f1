# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with a request before a server's own words are there, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..core.errors import HttpError, ReplyLost, UnexpectedAnswer
from ..core.harmless import quoted
from .answers import Shape, Unexpected, wanted
from .connection import cause_of, never_connected, refused_by_proxy, requests


class NoTls(HttpError):
    """The server and the client do not trust each other, or do not speak TLS alike."""


def is_gone(failure: HttpError) -> bool:
    """Whether a service may be elsewhere, or be another one: nobody answers, or somebody who does not know us.

    A gateway that knows the name no more says so in its own words, without the service's reason. Who was made anew has
    another CA.
    """
    strange = isinstance(failure, NoTls) or (failure.status == 404 and not failure.reason)
    return strange or failure.status in (0, 401)


@dataclass(frozen=True)
class Asked:
    """A request, as its errors name it. doing: what it was for."""

    service: str
    method: str
    url: str
    doing: str

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise what requests raises inside the block as an HttpError or ReplyLost."""
        try:
            yield
        except requests.exceptions.InvalidHeader:
            # Its words, and so its traceback's, hold the header's value.
            why = "nothing, for it was not asked: a header, most likely the token, holds what no header can"
            raise self._no_answer(HttpError, why, -1) from None
        except requests.exceptions.SSLError as error:
            raise self._no_answer(NoTls, f"no TLS connection: {cause_of(error)}", -1) from error
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError) as error:
            status = -1 if refused_by_proxy(error) else 0
            raise self._no_answer(HttpError, f"no connection: {cause_of(error)}", status) from error
        except requests.exceptions.RequestException as error:
            refused = isinstance(error, requests.exceptions.ConnectionError) and never_connected(error)
            kind = HttpError if refused else ReplyLost
            raise self._no_answer(kind, f"no answer: {cause_of(error)}") from error

    def broken(self, error: Exception) -> HttpError:
        """The error for a stream that ends before its end, or holds what none may."""
        if isinstance(error, Unexpected):
            return self.unexpected(200, error, "a stream")
        return self._no_answer(ReplyLost, f"half of it: {cause_of(error)}")

    def unexpected(self, status: int, came: Unexpected, want: Shape) -> UnexpectedAnswer:
        """The error for an answer that is not what it must be. want: a shape, or words."""
        expected = want if isinstance(want, str) else wanted(want)
        return UnexpectedAnswer(
            f"{self.doing}: {self.service} answered {status} with {came} where {expected} was expected "
            f"({self.method} {self.url})",
            status=status,
            method=self.method,
            url=self.url,
        )

    def redirected(self, status: int, location: str) -> HttpError:
        """The error for a redirect that is not followed: away from the server, of a write, or to nowhere."""
        led = f"to {quoted(location)}, which is not followed" if location else "to nowhere"
        return HttpError(
            f"{self.doing}: {self.service} answered {status}, a redirect {led} ({self.method} {self.url})",
            status=status,
            method=self.method,
            url=self.url,
        )

    def _no_answer(self, kind: type[HttpError], why: str, status: int = 0) -> HttpError:
        message = f"{self.doing}: {self.service} gave {why} ({self.method} {self.url})"
        return kind(message, status=status, method=self.method, url=self.url)
