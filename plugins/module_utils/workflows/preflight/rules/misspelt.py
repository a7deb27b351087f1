# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option, or the model server's variable, that was meant by a name that none has. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ....gke.fields.field import snake_case
from ....serving import registry
from ..deployment import Deployment
from ..findings import WARNING, Finding

_LIKE = 0.75
"""Of difflib's ratio: below it, two names are two words."""

_SLIP = 2
"""Letters by which a name may differ from the one that was meant, where there may be more names than are known."""

_COMMON = {
    "CUDA_VISIBLE_DEVICES",
    "DO_NOT_TRACK",
    "HF_ENDPOINT",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HF_HUB_DISABLE_TELEMETRY",
    "HF_HUB_DOWNLOAD_TIMEOUT",
    "HF_HUB_ENABLE_HF_TRANSFER",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LD_LIBRARY_PATH",
    "LOG_LEVEL",
    "NCCL_DEBUG",
    "NO_PROXY",
    "OMP_NUM_THREADS",
    "PYTORCH_CUDA_ALLOC_CONF",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "TRANSFORMERS_OFFLINE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
}
"""Environment variables of libraries that any model server may have."""


def meant(path: str, spec: Mapping[str, Any]) -> str | None:
    """The path of an option in an argument spec, or None where nothing is near: ``config.diskSizeGb`` is spelt as the
    API does, ``disk_size_gb`` lies in ``config``, ``config.disk_size`` lacks its end."""
    parent, _dot, leaf = path.rpartition(".")
    known = list(_paths(spec))
    name = snake_case(leaf)
    for found in (
        [one for one in known if one == f"{parent}.{name}".removeprefix(".")],
        [one for one in known if one.rpartition(".")[2] == name],
        _like(name, [one for one in known if one.rpartition(".")[0] == parent]),
        _like(name, known),
    ):
        if found:
            return min(found, key=lambda one: (one.count("."), one))
    return None


def _paths(spec: Mapping[str, Any], parent: str = "") -> Iterator[str]:
    for name, option in spec.items():
        yield f"{parent}{name}"
        yield from _paths(option.get("options") or {}, f"{parent}{name}.")


def _like(name: str, known: list[str]) -> list[str]:
    leaves = {one.rpartition(".")[2] for one in known}
    near = difflib.get_close_matches(name, leaves, n=1, cutoff=_LIKE)
    return [one for one in known if one.rpartition(".")[2] in near]


def check_environment(here: Deployment, check: str) -> Iterator[Finding]:
    """Warnings of environment variables that nearly have the name of one that the model's server reads."""
    engine = here.options.get("llmops_engine")
    known = registry.engine(engine).environment if engine in registry.ENGINES else frozenset()
    for name in here.environment:
        wanted = None if name in known | _COMMON else slip_of(str(name), sorted(known | _COMMON if known else ()))
        if wanted:
            variable = here.model_names.of(f"environment.{name}")
            message = f"{variable}: {registry.engine(engine).title} is not known to read {name}"
            yield Finding(check, message, f"did you mean {wanted}?", WARNING, variable)


def slip_of(name: str, known: Iterable[str]) -> str | None:
    """The name that differs in a letter or two, or in its case; None where there is none."""
    for near in difflib.get_close_matches(name.upper(), known, n=1, cutoff=_LIKE):
        changes = difflib.SequenceMatcher(None, name.upper(), near, autojunk=False).get_opcodes()
        if sum(max(there - here, to - at) for kind, here, there, at, to in changes if kind != "equal") <= _SLIP:
            return near
    return None
