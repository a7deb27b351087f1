# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a token may read a model on the Hugging Face Hub (huggingface.co/docs/hub/api, …/models-gated)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ..core.deadline import Deadline
from ..core.errors import HttpError, InvalidOption, LlmopsError
from ..core.option_names import option
from ..http.address import header_text
from ..http.answers import ANYTHING, OBJECT, Shape
from ..http.session import HttpSession

SERVICE = "the Hugging Face Hub"
HOME = "https://huggingface.co"

# Segments: letters, digits, "-", "_", "."; no "--" or ".." (huggingface_hub, validate_repo_id).
_SEGMENT = r"(?!.*(?:--|\.\.))[A-Za-z0-9](?:[\w.-]{0,94}[\w])?"
_MODEL = re.compile(rf"{_SEGMENT}/{_SEGMENT}", re.ASCII)


_PAGE: Shape = {
    "id": str,
    "sha": (str, None),
    "gated": (bool, str, None),
    "safetensors": ({"parameters": ({"*": int}, None)}, None),
    "config": ({"tokenizer_config": (OBJECT, None)}, None),
    "siblings": ([{"rfilename!": str}], None),
}
_CONFIG: Shape = {"text_config": (OBJECT, None), "quantization_config": (OBJECT, None)}


class AccessDenied(LlmopsError):
    """The Hub does not let this token read this model. ``reason``: bad_token, no_token, terms or not_found."""

    kind = "model_access"


@dataclass(frozen=True)
class Access:
    """A model that may be read. gated: its terms had to be accepted. revision: the commit that is served.

    about: all that the Hub's page of it says.
    """

    model: str
    gated: bool
    revision: str | None
    about: dict[str, Any] = field(default_factory=dict, repr=False)


def check_model(model: str) -> str:
    """The id, or InvalidOption where it is none."""
    if not _MODEL.fullmatch(model):
        raise InvalidOption("model", model, "a model's id on the Hub, ORGANISATION/NAME")
    return model


def open_hub(endpoint: str, token: str | None, deadline: Deadline) -> HttpSession:
    """A session with the Hub; the token lives only in its authorisation."""
    if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", endpoint):
        raise InvalidOption("endpoint", endpoint, f"an http(s) URL without query, such as {HOME}")

    key = header_text("token", token) if token else None

    def authorization(_fresh: bool) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"}

    return HttpSession(
        endpoint.rstrip("/"),
        SERVICE,
        deadline,
        authorize=authorization if key else None,
        keeps_files_elsewhere=True,
    )


def check_access(hub: HttpSession, model: str, token: str | None) -> Access:
    """Make sure that the weights can be read, which for a gated model is more than seeing its page.

    Raises AccessDenied with the way out; HttpError where the Hub itself fails.
    """
    check_model(model)
    about = _ask(hub, "GET", f"/api/models/{quote(model)}", model, token, _PAGE)
    gated = bool(about.get("gated"))
    if gated and not token:
        raise _no_token(model)
    _ask(hub, "HEAD", f"/{quote(model)}/resolve/main/config.json", model, token, ANYTHING)
    return Access(model, gated, about.get("sha"), about)


def read_config(hub: HttpSession, model: str, token: str | None) -> dict[str, Any]:
    """The model's config.json; raises as check_access does."""
    return _ask(hub, "GET", f"/{quote(model)}/resolve/main/config.json", model, token, _CONFIG)


def _ask(hub: HttpSession, method: str, path: str, model: str, token: str | None, want: Shape) -> Any:
    try:
        return hub.request(method, path, doing=f"read {model}", want=want).body
    except HttpError as error:
        raise _denied(error, model, token) from error


def _denied(error: HttpError, model: str, token: str | None) -> LlmopsError:
    if error.status == 401 and not token:
        return _no_token(model)
    if error.status == 401:
        return AccessDenied(
            f"{model}: {SERVICE} does not know the token (401); make one at {HOME}/settings/tokens "
            f"and give it as {option('token')} or HF_TOKEN",
            model=model,
            reason="bad_token",
            status=401,
        )
    if error.status == 403:
        return AccessDenied(
            f"{model}: the model is gated and its terms were not accepted by the token's owner (403); "
            f"visit {HOME}/{model} and accept them, or wait for the approval",
            model=model,
            reason="terms",
            status=403,
        )
    if error.status == 404:
        return AccessDenied(
            f"{model}: {SERVICE} has no such model, or none that the token may see (404); check {option('model')}",
            model=model,
            reason="not_found",
            status=404,
        )
    return error


def _no_token(model: str) -> AccessDenied:
    return AccessDenied(
        f"{model}: the model is gated, private or not there, and no token was given; "
        f"set {option('token')} or HF_TOKEN to one of {HOME}/settings/tokens, and accept the terms at {HOME}/{model}",
        model=model,
        reason="no_token",
        status=401,
    )
