# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a cluster: identities, admission and encryption."""

from __future__ import annotations

from ..field import Field, Verb, keep

SECRETS = Verb("secretManagerConfig", "update.desiredSecretManagerConfig", base=keep)
ENCRYPTION = Verb("databaseEncryption", "update.desiredDatabaseEncryption")
BINDINGS = Verb("rbacBindingConfig", "update.desiredRbacBindingConfig")


def _encrypted(have: str, want: str) -> bool:
    """GKE encrypts all objects where encryption was asked for, and says so."""
    return have == want or (have, want) == ("ALL_OBJECTS_ENCRYPTION_ENABLED", "ENCRYPTED")


GROUPS = {
    "workloadIdentityConfig": "Workload Identity Federation for GKE, by which pods act as IAM principals.",
    "shieldedNodes": "Shielded GKE nodes, whose identity and integrity can be verified.",
    "securityPostureConfig": "Security posture dashboard, which reports misconfigurations and vulnerabilities.",
    "binaryAuthorization": "Binary Authorization, which decides which container images may run.",
    "secretManagerConfig": "Secret Manager add-on, which mounts secrets as volumes.",
    "secretManagerConfig.rotationConfig": "Automatic rotation of mounted secrets.",
    "databaseEncryption": "Encryption of Kubernetes objects with a Cloud KMS key.",
    "rbacBindingConfig": "RBAC bindings to groups that include everyone.",
    "anonymousAuthenticationConfig": "Requests to the API server without credentials.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        "workloadIdentityConfig.workloadPool",
        "str",
        "Workload identity pool of the cluster, which can only be C(PROJECT.svc.id.goog) of the cluster's own project.",
        change=Verb("workloadIdentityConfig", "update.desiredWorkloadIdentityConfig"),
    ),
    Field(
        "shieldedNodes.enabled",
        "bool",
        "Use Shielded GKE nodes in all node pools.",
        change=Verb("shieldedNodes", "update.desiredShieldedNodes"),
    ),
    Field(
        "securityPostureConfig.mode",
        "str",
        "Level of the security posture dashboard.",
        choices=("DISABLED", "BASIC", "ENTERPRISE"),
        change=Verb("securityPostureConfig", "update.desiredSecurityPostureConfig"),
    ),
    Field(
        "binaryAuthorization.evaluationMode",
        "str",
        "Policy that decides which images may run; V(DISABLED) lets all images run.",
        choices=("DISABLED", "PROJECT_SINGLETON_POLICY_ENFORCE"),
        change=Verb("binaryAuthorization", "update.desiredBinaryAuthorization"),
        absent="DISABLED",
    ),
    Field("secretManagerConfig.enabled", "bool", "Enable the Secret Manager add-on.", change=SECRETS),
    Field(
        "secretManagerConfig.rotationConfig.enabled",
        "bool",
        "Reload mounted secrets when they change in Secret Manager.",
        change=SECRETS,
    ),
    Field(
        "secretManagerConfig.rotationConfig.rotationInterval",
        "duration",
        "Interval at which mounted secrets are reloaded, such as C(120s).",
        change=SECRETS,
    ),
    Field(
        "databaseEncryption.state",
        "str",
        "How Kubernetes objects are encrypted in the cluster's database; V(ENCRYPTED) encrypts secrets with "
        "O(ignore:key_name).",
        choices=("ENCRYPTED", "DECRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED"),
        change=ENCRYPTION,
        absent="DECRYPTED",
        same=_encrypted,
    ),
    Field(
        "databaseEncryption.keyName",
        "str",
        "Path of the Cloud KMS key, which must be in the region of the cluster.",
        change=ENCRYPTION,
    ),
    Field(
        "rbacBindingConfig.enableInsecureBindingSystemUnauthenticated",
        "bool",
        "Allow role bindings to C(system:anonymous) and C(system:unauthenticated).",
        change=BINDINGS,
    ),
    Field(
        "rbacBindingConfig.enableInsecureBindingSystemAuthenticated",
        "bool",
        "Allow role bindings to C(system:authenticated).",
        change=BINDINGS,
    ),
    Field(
        "anonymousAuthenticationConfig.mode",
        "str",
        "V(LIMITED) accepts anonymous requests for health checks only.",
        choices=("ENABLED", "LIMITED"),
        change=Verb("anonymousAuthenticationConfig", "update.desiredAnonymousAuthenticationConfig"),
    ),
)
