# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Storage's JSON API, as far as a deployment asks it: a bucket's objects and its IAM policy."""

from __future__ import annotations

from aiohttp import web

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.google.container.state import fingerprint
from llmops_gke_sandbox.google.errors import GoogleError, bad_request, unimplemented
from llmops_gke_sandbox.google.guard import Guard
from llmops_gke_sandbox.google.storage.models import ModelFiles
from llmops_gke_sandbox.huggingface.hub import Hub

_FILES = {"config.json": 700, "tokenizer.json": 1_800_000, "tokenizer_config.json": 1_500}
_PAGE = 1000


class Storage:
    """Answers /storage/v1/b/…"""

    def __init__(self, config: Config, files: ModelFiles, hub: Hub, guard: Guard) -> None:
        self._config, self._files, self._hub, self._guard = config, files, hub, guard

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the API's application."""
        return [
            web.get("/b/{bucket}", self._bucket),
            web.get("/b/{bucket}/o", self._objects),
            web.get("/b/{bucket}/iam", self._policy),
            web.put("/b/{bucket}/iam", self._set_policy),
            web.get("/b/{bucket}/iam/testPermissions", self._test_permissions),
        ]

    async def _bucket(self, request: web.Request) -> web.Response:
        name = self._require(request, "storage.buckets.get")
        body = {"kind": "storage#bucket", "id": name, "name": name, "location": "US-CENTRAL1", "locationType": "region"}
        return web.json_response(body | {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}})

    async def _objects(self, request: web.Request) -> web.Response:
        """List what lies below a prefix; with the delimiter / what lies deeper is told by its directory alone."""
        name = self._require(request, "storage.objects.list")
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
        if delimiter not in ("", "/"):
            raise unimplemented(f"Cloud Storage's delimiter {delimiter!r}")
        found = {key: size for key, size in self._all(name).items() if key.startswith(prefix)}
        deeper = {key for key in found if delimiter and delimiter in key.removeprefix(prefix)}
        start = int(request.query.get("pageToken") or 0)
        keys = sorted(found.keys() - deeper)
        body: dict = {"kind": "storage#objects"}
        if page := keys[start : start + _PAGE]:
            body["items"] = [
                {"kind": "storage#object", "name": key, "bucket": name, "size": str(found[key])} for key in page
            ]
        if deeper and not start:
            body["prefixes"] = sorted({prefix + key.removeprefix(prefix).partition("/")[0] + "/" for key in deeper})
        if start + _PAGE < len(keys):
            body["nextPageToken"] = str(start + _PAGE)
        return web.json_response(body)

    def _all(self, bucket: str) -> dict[str, int]:
        """Return every object with its size."""
        found: dict[str, int] = {}
        for path, model in (self._files.bucket(bucket) or {}).items():
            directory = f"{path}/" if path else ""
            found |= {f"{directory}{name}": size for name, size in _FILES.items()}
            found[f"{directory}model.safetensors"] = self._hub.size_bytes(model)
        return found

    async def _policy(self, request: web.Request) -> web.Response:
        name = self._require(request, "storage.buckets.getIamPolicy")
        return web.json_response(self._shown_policy(name))

    async def _set_policy(self, request: web.Request) -> web.Response:
        """Replace the policy; one that was read before somebody else's write is refused by its etag."""
        name = self._require(request, "storage.buckets.setIamPolicy")
        policy = await request.json()
        if not isinstance(policy, dict) or not isinstance(policy.get("bindings", []), list):
            raise bad_request([("policy", "policy is required")])
        if policy.get("etag") not in (None, self._shown_policy(name)["etag"]):
            message = "At least one of the pre-conditions you specified did not hold."
            raise GoogleError("CONDITION_NOT_MET", message, reason="conditionNotMet")
        self._files.policies[name] = {"version": policy.get("version", 1), "bindings": policy.get("bindings", [])}
        return web.json_response(self._shown_policy(name))

    async def _test_permissions(self, request: web.Request) -> web.Response:
        self._require(request, None)
        asked = request.query.getall("permissions", [])
        if not asked:
            raise bad_request([("permissions", "Required")])
        granted = [permission for permission in asked if self._guard.holds(permission)]
        body = {"kind": "storage#testIamPermissionsResponse"} | ({"permissions": granted} if granted else {})
        return web.json_response(body)

    def _shown_policy(self, bucket: str) -> dict:
        policy = self._files.policies[bucket]
        shown = {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{bucket}", **policy}
        return shown | {"etag": fingerprint(policy)}

    def _require(self, request: web.Request, permission: str | None) -> str:
        """Return the bucket's name; refuse one that is not there, and a caller who lacks the permission."""
        name = request.match_info["bucket"]
        self._guard.require_project("storage", self._config.project)
        if self._files.bucket(name) is None:
            raise GoogleError("NOT_FOUND", "The specified bucket does not exist.", reason="notFound")
        if permission is not None and not self._guard.holds(permission):
            message = (
                f"{self._config.service_account_email} does not have {permission} access to the Google Cloud Storage "
                f"bucket. Permission '{permission}' denied on resource (or it may not exist)."
            )
            raise GoogleError("PERMISSION_DENIED", message, reason="forbidden")
        return name
