# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sandbox is told at its start."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

import yaml

from llmops_gke_sandbox import durations
from llmops_gke_sandbox.rundir import RunDirectory

_PROJECT = re.compile(r"[a-z][-a-z0-9]{4,28}[a-z0-9]")


@dataclass
class Config:
    """Settings of one sandbox.

    :param directory: where its files live; one directory, one sandbox.
    :param speed: how many of life's seconds pass in a second, see Clock.
    :param durations: how long things take in life, over the defaults, see Durations.
    :param project: id of the only project that exists.
    :param project_number: its number.
    :param quotas: Compute quota metric -> limit, over the defaults; in every region, and project-wide.
    :param models: models of the Hub over the defaults: "org/name" -> {gated: bool, parameters: int, config: {…}}.
    :param buckets: Cloud Storage buckets: name -> {directory: model of the Hub whose files are in it}; without any
        there is PROJECT-models, with each model under its id.
    :param disk_images: likewise Compute Engine's disk images; without any there is ``models``.
    :param accepted_models: gated models whose terms the owner of any good token has accepted; None means all.
    :param disabled_services: APIs that are not enabled, e.g. container.googleapis.com.
    :param denied_permissions: IAM permissions the caller lacks, e.g. container.clusters.create.
    :param granted_permissions: those that the caller has in the project; None means all, as an owner has.
    :param account_permissions: service account's e-mail -> permissions that the caller has on it alone.
    :param routers: Compute's routers with their NAT gateways: {name, region, network, nats: [{name}]}; none by default.
    :param proxy_subnetworks: region -> range of a proxy-only subnetwork of the default network; none by default.
    :param token_lifetime: wall seconds for which an access token is good.
    :param record_bodies: keep what is sent to the GKE API, for /sandbox/v1/bodies; no other service's is ever kept.
    :param kubernetes: {kubeconfig: FILE or list of files, context: NAME}: real Kubernetes API servers behind clusters,
        one each, instead of the sandbox's own; the context is a file's current one if none is named.
    :raises ValueError: for a speed or project id that can't be.
    """

    directory: Path
    speed: float = 50.0
    durations: dict[str, float] = field(default_factory=dict)
    project: str = "sandbox-project"
    project_number: str = "123456789012"
    quotas: dict[str, float] = field(default_factory=dict)
    models: dict[str, dict] = field(default_factory=dict)
    buckets: dict[str, dict[str, str]] = field(default_factory=dict)
    disk_images: dict[str, dict[str, str]] = field(default_factory=dict)
    accepted_models: list[str] | None = None
    disabled_services: list[str] = field(default_factory=list)
    denied_permissions: list[str] = field(default_factory=list)
    granted_permissions: list[str] | None = None
    account_permissions: dict[str, list[str]] = field(default_factory=dict)
    routers: list[dict] = field(default_factory=list)
    proxy_subnetworks: dict[str, str] = field(default_factory=dict)
    token_lifetime: float = 3600
    record_bodies: bool = False

    kubernetes: dict[str, str | list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kubernetes) - {"kubeconfig", "context"}):
            raise ValueError(f"unknown setting kubernetes.{unknown[0]}; known: kubeconfig, context")
        if isinstance(self.speed, bool) or not isinstance(self.speed, int | float) or not self.speed > 0:
            raise ValueError(f"speed must be a number above 0, not {self.speed!r}")
        durations.read(self.durations)
        if not _PROJECT.fullmatch(str(self.project)):
            raise ValueError(
                f"project {self.project!r} is no project id: 6 to 30 lowercase letters, digits and hyphens, "
                "a letter first, no hyphen last"
            )

    @property
    def kubeconfigs(self) -> list[Path]:
        """The files of ``kubernetes``, in their order; empty for the sandbox's own API servers."""
        chosen = self.kubernetes.get("kubeconfig") or []
        return [Path(one).expanduser().absolute() for one in ([chosen] if isinstance(chosen, str) else chosen)]

    @property
    def service_account_email(self) -> str:
        """The identity whose key the sandbox writes."""
        return f"sandbox@{self.project}.iam.gserviceaccount.com"

    @property
    def default_service_account(self) -> str:
        """What the nodes run as where nothing else is said: Compute Engine's default service account."""
        return f"{self.project_number}-compute@developer.gserviceaccount.com"


def default_directory() -> Path:
    """Return LLMOPS_GKE_SANDBOX_DIR, else ./.sandbox while a sandbox runs in it, else a folder in the user's state
    directory (XDG)."""
    chosen = os.environ.get("LLMOPS_GKE_SANDBOX_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    here = RunDirectory(Path(".sandbox").absolute())
    if here.pid() is not None and here.endpoints() is not None:
        return here.path
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "llmops-gke-sandbox"


def load(directory: Path, file: Path | None = None, **chosen) -> Config:
    """Return the settings: defaults, over them the YAML file's, over them those chosen (None is not chosen).

    :raises ValueError: for a file that is not a mapping or holds a setting that does not exist.
    """
    known = {setting.name for setting in fields(Config)} - {"directory"}
    settings: dict = {}
    if file is not None:
        settings = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        if not isinstance(settings, dict):
            raise ValueError(f"{file}: a mapping of settings is wanted")
        if unknown := sorted(set(settings) - known):
            raise ValueError(f"{file}: unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}")
    for name, value in chosen.items():
        if isinstance(value, dict):
            settings[name] = (settings.get(name) or {}) | value
        elif value is not None:
            settings[name] = value
    return Config(directory=directory, **settings)
