# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a cluster: identities, what may run, and what is kept secret."""

from __future__ import annotations

from ..field import Field, Verb, keep

SECRETS = Verb("secretManagerConfig", "update.desiredSecretManagerConfig", base=keep)
ENCRYPTION = Verb("databaseEncryption", "update.desiredDatabaseEncryption")
BINDINGS = Verb("rbacBindingConfig", "update.desiredRbacBindingConfig")

GROUPS = {
    "workloadIdentityConfig": "Workload Identity Federation for GKE.",
    "shieldedNodes": "Nodes whose identity is verifiable.",
    "securityPostureConfig": "The security posture dashboard.",
    "binaryAuthorization": "Which images may run.",
    "secretManagerConfig": "Secrets of Secret Manager mounted as volumes.",
    "secretManagerConfig.rotationConfig": "Reading them again.",
    "databaseEncryption": "Encryption of the Kubernetes API's objects by a key of your own.",
    "rbacBindingConfig": "Bindings of roles to groups that hold everyone.",
    "anonymousAuthenticationConfig": "Requests without a credential.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        "workloadIdentityConfig.workloadPool",
        "str",
        "C(PROJECT.svc.id.goog) of the cluster's own project.",
        change=Verb("workloadIdentityConfig", "update.desiredWorkloadIdentityConfig"),
    ),
    Field(
        "shieldedNodes.enabled",
        "bool",
        "Whether they are used.",
        change=Verb("shieldedNodes", "update.desiredShieldedNodes"),
    ),
    Field(
        "securityPostureConfig.mode",
        "str",
        "What it watches.",
        choices=("DISABLED", "BASIC", "ENTERPRISE"),
        change=Verb("securityPostureConfig", "update.desiredSecurityPostureConfig"),
    ),
    Field(
        "binaryAuthorization.evaluationMode",
        "str",
        "By which policy.",
        choices=("DISABLED", "PROJECT_SINGLETON_POLICY_ENFORCE"),
        change=Verb("binaryAuthorization", "update.desiredBinaryAuthorization"),
        absent="DISABLED",
    ),
    Field("secretManagerConfig.enabled", "bool", "Whether it is on.", change=SECRETS),
    Field("secretManagerConfig.rotationConfig.enabled", "bool", "Whether they are.", change=SECRETS),
    Field(
        "secretManagerConfig.rotationConfig.rotationInterval", "duration", "How often, such as C(120s).", change=SECRETS
    ),
    Field(
        "databaseEncryption.state",
        "str",
        "Whether they are encrypted.",
        choices=("ENCRYPTED", "DECRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED"),
        change=ENCRYPTION,
        absent="DECRYPTED",
    ),
    Field(
        "databaseEncryption.keyName", "str", "Path of the Cloud KMS key, of the cluster's region.", change=ENCRYPTION
    ),
    Field(
        "rbacBindingConfig.enableInsecureBindingSystemUnauthenticated",
        "bool",
        "Allow bindings to C(system:anonymous) and C(system:unauthenticated).",
        change=BINDINGS,
    ),
    Field(
        "rbacBindingConfig.enableInsecureBindingSystemAuthenticated",
        "bool",
        "Allow bindings to C(system:authenticated).",
        change=BINDINGS,
    ),
    Field(
        "anonymousAuthenticationConfig.mode",
        "str",
        "V(LIMITED) answers them only where health is asked for.",
        choices=("ENABLED", "LIMITED"),
        change=Verb("anonymousAuthenticationConfig", "update.desiredAnonymousAuthenticationConfig"),
    ),
)
