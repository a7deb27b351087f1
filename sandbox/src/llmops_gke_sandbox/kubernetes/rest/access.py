# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a client is and what it may do: nothing, discovery alone, or what IAM grants.

RBAC is not played. A caller's rights come from IAM, as on GKE: https://cloud.google.com/kubernetes-engine/docs/how-to/iam.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from llmops_gke_sandbox.kubernetes.apply.managed_fields import Owner, updated
from llmops_gke_sandbox.kubernetes.errors import ApiError, details
from llmops_gke_sandbox.kubernetes.rest.paths import Target
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind

ANONYMOUS = "system:anonymous"
WITHOUT_RIGHTS = (ANONYMOUS, "viewer")
OPEN_PATHS = ("/version", "/readyz", "/livez", "/healthz")

Authenticate = Callable[[str], str | None]
Granted = Callable[[str], bool]

_VERBS = {"watch": "list", "patch": "update", "deletecollection": "delete"}
_PARTS = {
    "log": "getLogs",
    "portforward": "portForward",
    "proxy": "proxy",
    "eviction": "evict",
    "exec": "exec",
    "attach": "attach",
}


def everything(_permission: str) -> bool:
    """Grant every permission, as an owner has it."""
    return True


def permission_of(verb: str, target: Target) -> str:
    """Return the IAM permission that GKE asks for: ``container.deployments.update``, ``container.pods.getLogs``."""
    kind = target.kind
    if kind.custom is not None:
        return f"container.thirdPartyObjects.{_VERBS.get(verb, verb)}"
    # DaemonSet, daemonsets -> daemonSets; NetworkPolicy, networkpolicies -> networkPolicies; APIService -> apiServices.
    shared = len(kind.kind) if kind.plural.startswith(kind.kind.lower()) else len(kind.kind) - 1
    begin = re.match(r"[A-Z]+(?=[A-Z]|$)|[A-Z]", kind.kind)[0]
    resource = begin.lower() + kind.kind[len(begin) : shared] + kind.plural[shared:]
    done = _PARTS.get(target.subresource) or _VERBS.get(verb, verb)
    if target.subresource in ("status", "scale"):
        done += target.subresource.capitalize()
    return f"container.{resource}.{done}"


def user_of(authorization: str | None, authenticate: Authenticate) -> str:
    """Return the user that an Authorization header names; anonymous where there is none.

    :raises ApiError: 401 for a token that nobody has.
    """
    if not authorization:
        return ANONYMOUS
    scheme, _, token = authorization.partition(" ")
    user = authenticate(token.strip()) if scheme.lower() == "bearer" else None
    if user is None:
        raise ApiError(401, "Unauthorized", "Unauthorized")
    return user


def impersonated(user: str, wanted: str | None) -> str:
    """Return the user that a request acts as: the one of its Impersonate-User header, where it has one.

    :raises ApiError: 403 for who may not do that.
    """
    if not wanted or wanted == user:
        return user
    if not may(user):
        text = f'users "{wanted}" is forbidden: User "{user}" cannot impersonate resource "users" in API group ""'
        raise ApiError(403, "Forbidden", f"{text} at the cluster scope", {"name": wanted, "kind": "users"})
    return wanted


def may(user: str) -> bool:
    """Whether a user may read and write objects; whoever may, may everything."""
    return user not in WITHOUT_RIGHTS


def require_path(user: str, method: str, path: str) -> None:
    """Refuse a path that is not a resource's to those who have not signed in.

    :raises ApiError: 403.
    """
    if user == ANONYMOUS:
        verb = method.lower()
        raise ApiError(403, "Forbidden", f'forbidden: User "{user}" cannot {verb} path "{path}"', {})


def require(user: str, verb: str, target: Target, granted: Granted = everything) -> None:
    """Refuse a request on a resource that a user has no right to.

    :param granted: returns whether IAM grants a permission to those who may read and write at all.
    :raises ApiError: 403, in RBAC's words, and in GKE's where it is IAM that grants too little.
    """
    kind = target.kind
    if user != ANONYMOUS and is_review(kind):
        return
    needed = permission_of(verb, target)
    if may(user) and granted(needed):
        return
    resource = f"{kind.plural}/{target.subresource}" if target.subresource else kind.plural
    subject = f'{kind.resource} "{target.name}" is forbidden' if target.name else f"{kind.resource} is forbidden"
    scope = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    message = f'{subject}: User "{user}" cannot {verb} resource "{resource}" in API group "{kind.group}" {scope}'
    if may(user):
        message += f': requires one of ["{needed}"] permission(s).'
    raise ApiError(403, "Forbidden", message, details(kind, target.name))


def is_review(kind: Kind) -> bool:
    """Whether a kind is a question about rights: answered at once, never stored."""
    return kind.group in ("authorization.k8s.io", "authentication.k8s.io")


def review(kind: Kind, body: dict, user: str, manager: str, now: str) -> dict:
    """Return the answer to a question about the rights of the asking user.

    :raises ApiError: 501 for questions about others.
    """
    if kind.kind == "SelfSubjectReview":
        status: dict = {"userInfo": {"username": user, "groups": ["system:authenticated"]}}
    elif kind.kind == "SelfSubjectAccessReview":
        status = {"allowed": may(user)}
    elif kind.kind == "SelfSubjectRulesReview":
        everything = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}] if may(user) else []
        paths = [{"verbs": ["*"], "nonResourceURLs": ["*"]}] if may(user) else []
        status = {"resourceRules": everything, "nonResourceRules": paths, "incomplete": False}
    else:
        raise ApiError(501, "NotImplemented", f"the sandbox does not implement {kind.resource}")
    empty = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": {}, "spec": {}}
    asked = {**empty, **{name: part for name, part in body.items() if name in ("metadata", "spec")}}
    owner = Owner(manager, "Update", kind.api_version)
    return {**updated(kind, empty, asked, owner, now, set()), "status": status}
