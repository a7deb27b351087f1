# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cloud Storage bucket holds, and what the caller may do with it."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import HttpError
from ..apis import GoogleApis
from ..projects import disabled_service

SERVICE = "Cloud Storage"
READ_POLICY, WRITE_POLICY = "storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"
_FORBIDDEN, _ABSENT = 403, 404


@dataclass(frozen=True)
class Bucket:
    """exists: whether it is there. permissions: those of READ_POLICY and WRITE_POLICY that the caller has.

    files: names in the directory that was looked at; None where the caller may not list them.
    """

    exists: bool = True
    permissions: frozenset[str] = frozenset()
    files: frozenset[str] | None = None


def look_at_bucket(apis: GoogleApis, name: str, path: str) -> Bucket:
    """The bucket, and the files of a directory in it. Raises HttpError."""
    try:
        files = list_files(apis, name, path)
        return Bucket(permissions=granted(apis, name), files=files)
    except HttpError as error:
        if error.status != _ABSENT:
            raise
        return Bucket(exists=False)


def list_files(apis: GoogleApis, name: str, path: str) -> frozenset[str] | None:
    """Names of the files in a directory of a bucket; None where the caller may not list them. Raises HttpError."""
    prefix = f"{path}/" if path else ""
    where, want = f"/b/{name}/o", {"items": [{"name!": str}]}
    asked = {"prefix": prefix, "delimiter": "/", "fields": "items(name),nextPageToken"}
    try:
        pages = list(apis.pages(SERVICE, where, f"list the files of gs://{name}/{prefix}", want, **asked))
    except HttpError as error:
        if not _is_hidden(error):
            raise
        return None
    return frozenset(one["name"].removeprefix(prefix) for page in pages for one in page.get("items", []))


def _is_hidden(error: HttpError) -> bool:
    """Whether it is the caller who may not, and not the API that is off."""
    return error.status == _FORBIDDEN and disabled_service(error) is None


def granted(apis: GoogleApis, name: str) -> frozenset[str]:
    """Which of READ_POLICY and WRITE_POLICY the caller has on a bucket. Raises HttpError."""
    path, doing = f"/b/{name}/iam/testPermissions", f"read what the caller may do with bucket {name}"
    try:
        found = apis.get(SERVICE, path, doing, {"permissions": [str]}, permissions=[READ_POLICY, WRITE_POLICY])
    except HttpError as error:
        if not _is_hidden(error):
            raise
        return frozenset()
    return frozenset(found.get("permissions", []))
