# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request does to the cluster: the verbs, the same for HTTP clients and for those inside the process."""

from __future__ import annotations

import random
import uuid

from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.apply import managed_fields
from llmops_gke_sandbox.kubernetes.apply.managed_fields import Owner
from llmops_gke_sandbox.kubernetes.apply.patches import APPLY, patched, unreadable
from llmops_gke_sandbox.kubernetes.errors import (
    already_exists,
    bad_request,
    conflict,
    details,
    forbidden,
    internal,
    not_found,
)
from llmops_gke_sandbox.kubernetes.lifecycle.deletion import Deletion
from llmops_gke_sandbox.kubernetes.lifecycle.namespaces import require_namespace
from llmops_gke_sandbox.kubernetes.lifecycle.service_addresses import ServiceAddresses
from llmops_gke_sandbox.kubernetes.lifecycle.strategies import (
    after_create,
    complete,
    prepare_create,
    prepare_update,
    reset_fields,
)
from llmops_gke_sandbox.kubernetes.options import WriteOptions
from llmops_gke_sandbox.kubernetes.schema.decode import DecodeError, copy, decode
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.registry import Registry
from llmops_gke_sandbox.kubernetes.schema.types import type_of
from llmops_gke_sandbox.kubernetes.schema.zero_values import empty_object
from llmops_gke_sandbox.kubernetes.store import Store
from llmops_gke_sandbox.kubernetes.validation.object_types import cannot_be_handled, require_applied_type, require_type
from llmops_gke_sandbox.kubernetes.validation.objects import (
    refuse_missing_name,
    validate_create,
    validate_status,
    validate_update,
)

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


class Verbs:
    """The verbs of one cluster. Each runs to its end without waiting, so writes never interleave.

    :param now: returns the wall time as objects carry it, in whole seconds.
    :param faults: asked whether admission lets an object in.
    """

    def __init__(self, registry: Registry, store: Store, now, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()
        self.registry = registry
        self.store = store
        self.now = now
        self._addresses = ServiceAddresses(registry.named("services"))
        self._deletion = Deletion(store, now, self._forget)
        self.delete = self._deletion.delete

    def get(self, kind: Kind, namespace: str, name: str) -> dict:
        """Return an object.

        :raises ApiError: 404 if there is none.
        """
        found = self.store.get(kind, namespace, name)
        if found is None:
            raise not_found(kind, name)
        return found

    def create(self, kind: Kind, namespace: str, body: dict, options: WriteOptions) -> dict:
        """Create an object and return it.

        :raises ApiError: 400, 403, 404, 409 or 422 with the server's words.
        """
        body = self._addressed(kind, namespace, body, None)
        require_namespace(self, kind, namespace, body["metadata"].get("name", ""))
        new = self._decoded(kind, body, options)
        new = managed_fields.updated(
            kind, empty_object(kind), new, self._owner(kind, options, ""), self.now(), reset_fields(kind, "")
        )
        return self._create(kind, namespace, new, options)

    def update(
        self, kind: Kind, namespace: str, name: str, body: dict, options: WriteOptions, subresource: str = ""
    ) -> dict:
        """Replace an object and return it.

        :raises ApiError: 400, 404, 409 or 422 with the server's words.
        """
        if isinstance(body, dict) and not (body.get("metadata") or {}).get("name"):
            raise bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
        body = self._addressed(kind, namespace, body, name)
        live = self.get(kind, namespace, name)
        return self._replace(kind, live, self._decoded(kind, body, options), options, subresource)

    def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        patch: object,
        form: str,
        options: WriteOptions,
        subresource: str = "",
    ) -> tuple[dict, bool]:
        """Patch an object; an apply creates it where it is absent.

        :param form: the patch's media type.
        :returns: the object, and whether it was created.
        :raises ApiError: 400, 404, 409, 422 or 500 with the server's words.
        """
        if form == APPLY:
            return self._apply(kind, namespace, name, patch, options, subresource)
        live = self.get(kind, namespace, name)
        merged = patched(type_of(kind), live, patch, form)
        body = self._addressed(kind, namespace, merged, name)
        try:
            new = self._read(kind, body, options)
        except DecodeError as error:
            raise unreadable(merged, patch, form, error) from None
        return self._replace(kind, live, new, options, subresource), False

    def _apply(
        self, kind: Kind, namespace: str, name: str, config: object, options: WriteOptions, subresource: str
    ) -> tuple[dict, bool]:
        if not isinstance(config, dict):
            raise bad_request("an apply configuration must be an object")
        require_applied_type(kind, config)
        live = self.store.get(kind, namespace, name)
        if live is None:
            if subresource:
                raise not_found(kind, name)
            require_namespace(self, kind, namespace, name)
        given = config.get("metadata")
        given = given if isinstance(given, dict) else {}
        subject = f"{given.get('namespace') or ''}/{given.get('name') or name}"
        config = self._addressed(kind, namespace, config, name)
        if "managedFields" in config["metadata"]:
            raise bad_request("metadata.managedFields must be nil")
        managed_fields.refuse_misfits(kind, config, subject)
        owner = Owner(options.manager, "Apply", kind.api_version, subresource)
        ignored = reset_fields(kind, subresource)
        merged = managed_fields.applied(
            kind, live or empty_object(kind), config, owner, options.force, self.now(), ignored
        )
        new = self._converted(kind, merged, subject)
        if live is None:
            return self._create(kind, namespace, new, options), True
        return self._replace(kind, live, new, options, subresource, owned=True), False

    def _converted(self, kind: Kind, merged: dict, subject: str) -> dict:
        try:
            new = decode(kind, merged).obj
        except DecodeError as error:
            raise internal(
                f"failed to convert new object ({subject}; {kind.generic}) to proper version: "
                f"unable to convert unstructured object to {kind.generic}: {error.converted}"
            ) from None
        new = copy(new)
        complete(kind, new)
        return new

    def _decoded(self, kind: Kind, body: dict, options: WriteOptions) -> dict:
        try:
            return self._read(kind, body, options)
        except DecodeError as error:
            raise cannot_be_handled(kind, kind.kind, kind.version, str(error)) from None

    def _read(self, kind: Kind, body: dict, options: WriteOptions) -> dict:
        decoded = decode(kind, body)
        options.judge_unknown(decoded.unknown)
        new = copy(decoded.obj)
        complete(kind, new)
        return new

    def _addressed(self, kind: Kind, namespace: str, body: object, name: str | None) -> dict:
        """Return a body that agrees with its URL, or refuse it."""
        if not isinstance(body, dict):
            raise bad_request(f"the body must be an object of kind {kind.kind}")
        require_type(self.registry, kind, body)
        metadata = dict(body.get("metadata") or {})
        if namespace and metadata.get("namespace", namespace) not in ("", namespace):
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = namespace
        if not namespace:
            del metadata["namespace"]
        if name is not None and metadata.setdefault("name", name) != name:
            given = metadata["name"]
            raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
        return {**body, "metadata": metadata}

    def _owner(self, kind: Kind, options: WriteOptions, subresource: str) -> Owner:
        return Owner(options.manager, "Update", kind.api_version, subresource)

    def _create(self, kind: Kind, namespace: str, new: dict, options: WriteOptions) -> dict:
        metadata = new["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + "".join(random.choices(_SUFFIX, k=5))
        if not metadata.get("name"):
            raise refuse_missing_name(kind, new)
        if metadata.pop("resourceVersion", ""):
            raise internal("resourceVersion should not be set on objects to be created")
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            metadata.pop(name, None)
        self._admit(kind, namespace, metadata["name"])
        metadata["uid"], metadata["creationTimestamp"] = str(uuid.uuid4()), self.now()
        with self._addresses.trial(options.dry_run):
            prepare_create(kind, new, self._addresses)
            validate_create(kind, new)
            if self.store.get(kind, namespace, metadata["name"]) is not None:
                raise already_exists(kind, metadata["name"])
        after_create(kind, new)
        return new if options.dry_run else self.store.put(kind, new)

    def _admit(self, kind: Kind, namespace: str, name: str) -> None:
        fault = self._faults.take("admission", resource=kind.resource, namespace=namespace, object=name)
        if fault is not None:
            policy = 'admission webhook "policy.sandbox" denied the request: it is not allowed here'
            raise forbidden(kind, name, fault.get("message") or policy)

    def _replace(
        self, kind: Kind, live: dict, new: dict, options: WriteOptions, subresource: str, owned: bool = False
    ) -> dict:
        metadata = new["metadata"]
        name = metadata["name"]
        if metadata.get("uid") not in (None, live["metadata"]["uid"]):
            found, given = live["metadata"]["uid"], metadata["uid"]
            where = "/".join(part for part in (kind.plural, metadata.get("namespace"), name) if part)
            message = (
                f"StorageError: invalid object, Code: 4, Key: /registry/{where}, ResourceVersion: 0, "
                f"AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {found}"
            )
            raise conflict(kind, name, message)
        if not str(metadata.get("resourceVersion") or "0").isdigit():
            raise internal(f'strconv.ParseUint: parsing "{metadata["resourceVersion"]}": invalid syntax')
        if metadata.get("resourceVersion") not in (None, "", live["metadata"]["resourceVersion"]):
            message = "the object has been modified; please apply your changes to the latest version and try again"
            raise conflict(kind, name, message)
        if not owned:
            ignored = reset_fields(kind, subresource)
            owner = self._owner(kind, options, subresource)
            new = managed_fields.updated(kind, live, new, owner, self.now(), ignored)
        metadata = new["metadata"]
        with self._addresses.trial(options.dry_run):
            prepare_update(kind, live, new, subresource, self._addresses)
            if not subresource:
                validate_update(kind, live, new)
            elif subresource == "status":
                validate_status(kind, new)
        metadata["resourceVersion"] = live["metadata"]["resourceVersion"]
        if managed_fields.same_but_times(live, new):
            return live
        if options.dry_run:
            return new
        stored = self.store.put(kind, new)
        return self._deletion.finish(kind, stored)

    def _forget(self, kind: Kind, obj: dict) -> None:
        if kind.kind == "Service":
            self._addresses.release(obj)


def subject_details(kind: Kind, obj: dict) -> dict:
    """Return a Status' details for an object that was deleted."""
    return {**details(kind, obj["metadata"]["name"]), "uid": obj["metadata"]["uid"]}
