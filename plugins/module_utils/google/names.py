# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of Google's names: checked before anything is asked of an API."""

from __future__ import annotations

import re

from ..core.errors import InvalidOption

_PROJECT_ID = re.compile(r"(?:[a-z][-a-z0-9.]{0,62}[a-z0-9]:)?[a-z][-a-z0-9]{4,28}[a-z0-9]")
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")
_ZONE = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]")

_BUCKET = re.compile(r"(?!goog)[a-z0-9]([-a-z0-9_]{1,61}[a-z0-9]|[-a-z0-9_.]{1,220}[a-z0-9])")
_PART = re.compile(r"[-A-Za-z0-9._+@~ ]+")
"""A part of a path in a bucket, without what separates mount options."""

_IMAGE = re.compile(r"(projects/[a-z][-a-z0-9.:]{4,97}/)?global/images/[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def check_project(value: str | None) -> str:
    """The project's id, or InvalidOption (form: Resource Manager's project ids, domain prefix allowed)."""
    if not value or not _PROJECT_ID.fullmatch(value):
        raise InvalidOption("project", value, "a project id: 6 to 30 lower-case letters, digits and hyphens")
    return value


def check_location(value: str | None) -> str:
    """A region or a zone, or InvalidOption."""
    if not value or not (_REGION.fullmatch(value) or _ZONE.fullmatch(value)):
        raise InvalidOption("location", value, "a region such as us-central1 or a zone such as us-central1-a")
    return value


def region_of(location: str) -> str:
    """The region of a zone, or the region itself."""
    return "-".join(location.split("-")[:2])


def check_zones(option: str, zones: list[str] | None, location: str) -> None:
    """Refuse with InvalidOption what is not a zone, or is a zone of another region than ``location``'s."""
    region = region_of(location)
    for zone in zones or []:
        if not _ZONE.fullmatch(zone) or not zone.startswith(f"{region}-"):
            raise InvalidOption(option, zone, f"zones of {region}, such as {region}-a (not the region itself)")


def check_bucket(value: str | None, option: str = "bucket") -> str:
    """The name of a Cloud Storage bucket, or InvalidOption."""
    if not value or not _BUCKET.fullmatch(value):
        accepted = "a bucket's name: 3 to 63 lower-case letters, digits, hyphens, underscores and dots, without gs://"
        raise InvalidOption(option, value, accepted)
    return value


def check_role(value: str, option: str = "role") -> str:
    """The name of an IAM role, predefined or custom, or InvalidOption."""
    if not value.startswith(("roles/", "projects/", "organizations/")):
        raise InvalidOption(option, value, "a role such as roles/monitoring.viewer")
    return value


def is_directory_uri(value: str) -> bool:
    """Whether this is ``gs://BUCKET`` or ``gs://BUCKET/PATH``, of a path that a mount option can hold."""
    bucket, _slash, path = value.removeprefix("gs://").partition("/")
    parts = path.rstrip("/").split("/") if path.rstrip("/") else []
    return (
        value.startswith("gs://")
        and _BUCKET.fullmatch(bucket) is not None
        and all(_PART.fullmatch(part) and part not in (".", "..") for part in parts)
    )


def is_disk_image(value: str) -> bool:
    """Whether this is the path of a Compute Engine disk image."""
    return _IMAGE.fullmatch(value) is not None
