# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that the engine raises; a runner renders them once, as one line and structured fields."""

from __future__ import annotations

from typing import Any

from . import harmless
from .option_names import OptionNames, in_list, plain
from .option_names import option as marked_option

_VALUE = 300
"""Characters of a value in a message."""


_SAID = frozenset({"details", "conditions"})
"""Fields with structures that a server gave; texts are fit to be printed in any field."""

_WORDS = ("accepted", "reason", "remedy", "advice")
"""Fields that are parts of a message, and mention options as it does. None of them holds what a user gave."""


class LlmopsError(Exception):
    """A failure that a person can act on.

    message: one line that says what was tried, on what, what the server said and what to do next. Options in it are
    marked (see option_names), so that a role's task can name the variables that set them. What could act on a terminal,
    and secrets, are taken out of it.
    fields: JSON-ready details, returned beside the message (``error.<name>`` in the task's result).
    """

    kind = "error"
    http_requests = 0
    """Requests that a task had sent when it failed with this, as far as its engine counts them."""

    def __init__(self, message: str, **fields: Any) -> None:
        message = self._harmless(message)
        super().__init__(plain(message))
        self._message = message
        self.fields = {name: plain(value) for name, value in fields.items() if value is not None}
        words = {name: self._harmless(fields[name]) for name in _WORDS if isinstance(fields.get(name), str)}
        self._marked_words = {name: text for name, text in words.items() if plain(text) != text}

    @property
    def message(self) -> str:
        """The message with the options' own names."""
        return plain(self._message)

    @property
    def marked(self) -> str:
        """The message with its options marked, for another message to repeat."""
        return self._message

    def told(self, names: OptionNames) -> str:
        """The message with the options' names where it is shown."""
        return names.render(self._message)

    def __str__(self) -> str:
        return self.message

    def add(self, text: str) -> None:
        """Let the message go on with ``text``."""
        self._message = self._harmless(self._message + text)

    def begin_with(self, text: str) -> None:
        """Put ``text`` before the message."""
        self._message = self._harmless(text + self._message)

    def about_item_of(self, name: str) -> None:
        """Let the options be those of one item of the list of options ``name``."""
        self._message = in_list(self._message, name)
        self._marked_words = {word: in_list(text, name) for word, text in self._marked_words.items()}
        if "option" not in self.fields and "field" in self.fields:
            self.fields["option"] = f"{name}.{self.fields['field']}"

    def _harmless(self, text: str) -> str:
        return harmless.joined(harmless.one_line(text))

    @property
    def after_changes(self) -> bool:
        """Whether something was changed before this failed: steps of a plan, objects of many, deletes that
        were sent, or by an operation
        that had begun."""
        return any(self.fields.get(name) for name in ("steps_done", "applied", "deleted", "operation"))

    def to_dict(self) -> dict[str, Any]:
        """The structured part: always ``kind``, then whatever the raiser knew.

        ``marked`` is the message with its marks, where it has some, and ``marked_words`` are the fields that have some;
        who shows the message to a person takes both out.
        """
        marked: dict[str, Any] = {"marked": self._message} if self._message != self.message else {}
        if self._marked_words:
            marked["marked_words"] = self._marked_words
        told = {
            name: harmless.all_on_one_line(value) if isinstance(value, str) or name in _SAID else value
            for name, value in plain(self.fields).items()
        }
        return {"kind": self.kind, **told, **marked}


class InvalidOption(LlmopsError):
    """Input that is refused before anything is read or created."""

    kind = "invalid_option"

    def __init__(self, option: str, value: Any, accepted: str) -> None:
        super().__init__(
            f"{marked_option(option)}: {_brief(value)} is not accepted; it takes {accepted}",
            option=option,
            accepted=accepted,
        )
        self.value = value

    def renamed(self, option: str) -> InvalidOption:
        """The same about another option, from which the refused value came."""
        return InvalidOption(option, self.value, self.fields["accepted"])


def _brief(value: Any) -> str:
    return harmless.cut(repr(value), _VALUE)


class ImmutableField(LlmopsError):
    """A difference that the API cannot change in place; nothing was written."""

    kind = "immutable_field"

    def __init__(self, resource: str, field: str, have: Any, want: Any, remedy: str) -> None:
        super().__init__(
            f"{resource}: {marked_option(field)} cannot be changed in place: it is {_brief(have)}, you asked for "
            f"{_brief(want)}; "
            f"{remedy}",
            resource=resource,
            field=field,
            have=have,
            want=want,
            remedy=remedy,
        )


class DeadlineExceeded(LlmopsError):
    """A task's time ran out; the message says what it was waiting for and what was seen last."""

    kind = "deadline_exceeded"


class OperationFailed(LlmopsError):
    """A long-running operation ended, but not well."""

    kind = "operation_failed"


class MissingLibrary(LlmopsError):
    """A Python library that the engine needs is not installed where it runs."""

    kind = "missing_library"

    def __init__(self, library: str, error: Exception | None = None) -> None:
        super().__init__(
            f"the Python library {library} is needed where this module runs: pip install -r requirements.txt"
            + (f" ({error})" if error else ""),
            library=library,
        )


class HttpError(LlmopsError):
    """A server's refusal. status: the HTTP status, or 0 where no answer came.

    reason: the API's own word (``ALREADY_EXISTS``, ``NotFound``, ``validation``), details: its structured rest.
    retry_after: the seconds after which the server wants to be asked again, 0 where it did not say.
    """

    kind = "http_error"

    def __init__(
        self,
        message: str,
        *,
        status: int,
        method: str,
        url: str,
        reason: str = "",
        server_message: str = "",
        details: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(
            message,
            status=status,
            method=method,
            url=url,
            reason=reason,
            server_message=server_message,
            details=details,
            **fields,
        )
        self.status = status
        self.reason = reason
        self.server_message = server_message
        self.details = details
        self.retry_after = 0.0


class ReplyLost(HttpError):
    """A write may or may not have happened: the connection broke or the server failed after the request was sent.

    Whoever sent it settles the matter by looking; it is never sent again blindly.
    """

    kind = "reply_lost"


class UnexpectedAnswer(ReplyLost):
    """An answer that this server does not give: a proxy's page, half a document, something of another form.

    Asking again would bring the same. Whether a write happened is not known.
    """

    kind = "unexpected_answer"
