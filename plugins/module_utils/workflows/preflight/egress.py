# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nodes without public addresses reach the Hugging Face Hub. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import Facts, existing
from .findings import WARNING, Finding, listed
from .plan import Plan


def check_egress(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """A warning where nodes are private, their network has no Cloud NAT here, and no mirror of the Hub is named.

    No more than that, because a proxy or an appliance may lead out, which nothing tells.
    """
    pools = plan.private_pools
    network = ((existing(plan, facts["clusters"]) or {}).get("network") or plan.network or "").rpartition("/")[2]
    if not pools or plan.hub_mirror or not network or network in facts["nat_networks"]:
        return
    names = listed([pool.name for pool in pools])
    yield Finding(
        "egress",
        f"the nodes of {names} have no public addresses, and network {network} has no Cloud NAT in {plan.region}: they "
        "may reach neither the Hugging Face Hub nor registries other than Google's",
        f"gcloud compute routers create llmops --network {network} --region {plan.region} --project {plan.project} && "
        f"gcloud compute routers nats create llmops --router llmops --region {plan.region} --project {plan.project} "
        "--auto-allocate-nat-external-ips --nat-all-subnet-ip-ranges, or name a mirror (llmops_hf_endpoint)",
        WARNING,
        "llmops_hf_endpoint",
    )
