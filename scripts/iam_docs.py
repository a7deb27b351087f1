# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/iam.md and the README's short table from the table of APIs and permissions; --check only compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.access.table import (  # noqa: E402
    ACCOUNT_USER,
    ACT_AS,
    ALWAYS,
    APIS,
    IMAGE_STREAMING,
    NEEDS,
    WHEN,
)

PAGE, README = ROOT / "docs" / "iam.md", ROOT / "README.md"
BEGIN, END = "<!-- APIs and roles: written by scripts/iam_docs.py -->", "<!-- end of APIs and roles -->"
ON_NODES = "the service account of the nodes"
HEAD = """<!-- Copyright: the llmops.gke engineers -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->

# APIs and IAM roles

<!-- Written by scripts/iam_docs.py from plugins/module_utils/workflows/preflight/access/table.py. -->

What a project must have enabled and what the caller must be allowed to do. `preflight` asks for all of it before
anything is created, and gives the command for each thing that is missing. `PROJECT` is the project's ID, `MEMBER` the
caller, such as `user:you@example.com` or `serviceAccount:deployer@PROJECT.iam.gserviceaccount.com`.

A test plays a caller with these permissions and no other from preflight to teardown
(`tests/playbooks/test_least_rights.py`), another takes each API and each permission away
(`tests/contract/gcp/test_access.py`).

Two more services are asked where they answer, and nothing depends on them: Cloud Quotas for the limits of GPUs that
Compute Engine does not list (`cloudquotas.quotas.get`, as in `roles/cloudquotas.viewer`), and GKE Inference Quickstart
for what Google measured (`gkerecommender.*`). Where they are off or refuse, a line says that it is not known.
"""


NODES = """\
`NODES` is the service account that the nodes run as: `config.service_account` of `gke_cluster_pool_fields` and
`gpu_nodepool_fields`, or else Compute Engine's default one, `PROJECT_NUMBER-compute@developer.gserviceaccount.com`.
It is enough to grant the role on this account; on the whole project it would let the caller act as any account."""


BUCKET = """\
With `llmops_weights: bucket` the pods are granted `roles/storage.objectViewer` on the bucket alone. For that the caller
needs `storage.buckets.getIamPolicy` and `storage.buckets.setIamPolicy` of it (`roles/storage.admin` on the bucket), and
`storage.objects.list` to see that the model is there. Preflight asks for them of the bucket. Or have somebody else
grant it, and set `model_server_bucket_iam: false`: [Weights without the Hub](weights.md)."""


ONLY_VIEWER = 'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/monitoring.viewer"])'
ADAPTER_GRANT = """\
`roles/resourcemanager.projectIamAdmin` lets the caller grant anything, so limit it to the one role that is granted:

    gcloud projects add-iam-policy-binding PROJECT --member=MEMBER --role=roles/resourcemanager.projectIamAdmin \\
      --condition='^;^title=monitoring-viewer-alone;expression={expression}'

or have somebody else grant `roles/monitoring.viewer` to the adapter once, and set
`model_server_hpa_adapter_iam: false`."""


def enable() -> str:
    """The command that enables every API of the table."""
    return "    gcloud services enable --project PROJECT \\\n" + " \\\n".join(f"      {api.service}" for api in APIS)


def grants() -> str:
    """The commands that grant every role that each deployment needs."""
    binding = "    gcloud projects add-iam-policy-binding PROJECT --member=MEMBER --role={}"
    always = [binding.format(role) for role in dict.fromkeys(need.role for need in NEEDS if need.when == ALWAYS)]
    nodes = (
        "    gcloud iam service-accounts add-iam-policy-binding NODES --project PROJECT "
        f"--member=MEMBER --role={ACCOUNT_USER}"
    )
    return "\n".join([*always, nodes])


def roles() -> list[tuple[str, str, str, str]]:
    """Role, resource, what for, and when; of a role that every deployment needs, nothing further."""
    rows: dict[tuple[str, str], list[str]] = {}
    for need in NEEDS:
        rows.setdefault((need.role, need.when), []).append(need.use)
    found = [
        (role, "the project", "; ".join(uses), when)
        for (role, when), uses in rows.items()
        if when == ALWAYS or (role, ALWAYS) not in rows
    ]
    return [*found, (ACCOUNT_USER, ON_NODES, "nodes that run as it", ALWAYS)]


def short() -> str:
    """The README's table: what every deployment needs."""
    usual = [api for api in APIS if api.when in (ALWAYS, IMAGE_STREAMING)]
    always = ", ".join(f"`{api.service.removesuffix('.googleapis.com')}`" for api in usual)
    rows = ["| needed | |", "|---|---|", f"| APIs | {always} (each `.googleapis.com`) |"]
    for role, on, uses, when in roles():
        if when == ALWAYS:
            rows.append(f"| `{role}` on {on} | {uses} |")
    return "\n".join(rows)


def permissions() -> Iterable[str]:
    """The rows of the table of permissions."""
    yield "| permissions | for | role | needed by |"
    yield "|---|---|---|---|"
    for need in NEEDS:
        yield f"| {_listed(need.permissions)} | {need.use} | `{need.role}` | {_when(need.when)} |"
    yield f"| `{ACT_AS}` on {ON_NODES} | nodes that run as it | `{ACCOUNT_USER}` | {ALWAYS} |"


def _when(when: str) -> str:
    return f"{when} ({WHEN[when]})" if WHEN[when] else when


def _listed(names: Iterable[str]) -> str:
    """Permissions by resource: ``container.pods.`` with its verbs, so that the table can be read."""
    verbs: dict[str, list[str]] = {}
    for name in names:
        resource, _dot, verb = name.rpartition(".")
        verbs.setdefault(resource, []).append(verb)
    shown = (
        f"{resource}.{found[0]}" if len(found) == 1 else f"{resource}.{{{','.join(found)}}}"
        for resource, found in verbs.items()
    )
    return "<br>".join(f"`{one}`" for one in shown)


def page() -> str:
    """The whole of docs/iam.md."""
    apis = [f"| `{api.service}` | {api.title} | {api.use} | {_when(api.when)} |" for api in APIS]
    granted = [f"| `{role}` | {on} | {uses} | {_when(when)} |" for role, on, uses, when in roles()]
    return "\n".join(
        [
            HEAD,
            "## APIs\n",
            enable(),
            "",
            "| API | name | for | needed by |",
            "|---|---|---|---|",
            *apis,
            "",
            "## Roles\n",
            "The smallest predefined roles. A custom role with the permissions below does as well.",
            "",
            grants(),
            "",
            NODES,
            "",
            "| role | on | for | needed by |",
            "|---|---|---|---|",
            *granted,
            "",
            ADAPTER_GRANT.format(expression=ONLY_VIEWER),
            "",
            BUCKET,
            "",
            "User credentials with a quota project also need `serviceusage.services.use` there",
            "(`roles/serviceusage.serviceUsageConsumer`).",
            "",
            "## Permissions\n",
            *permissions(),
            "",
        ]
    )


def readme(text: str) -> str:
    """The README with its table up to date."""
    return re.sub(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{short()}\n{END}", text, flags=re.DOTALL
    )


def main() -> int:
    """Write, or with --check compare; returns the exit status."""
    fresh = {PAGE: page(), README: readme(README.read_text())}
    stale = [path for path, text in fresh.items() if not path.exists() or path.read_text() != text]
    for path in stale if "--check" not in sys.argv else []:
        path.write_text(fresh[path])
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    print(f"stale: {names}" if stale else "docs/iam.md and README.md agree with the table of APIs and permissions")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
