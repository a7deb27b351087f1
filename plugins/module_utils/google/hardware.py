# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the table of GPUs (accelerators.py) tells of a GPU, of a machine type and of a price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MIB = 1024**2

PRICES_AS_OF = "2026-08-03"
"""When the list prices of machines were read: estimates, which Google may have changed since."""

UNDATED = "a copy of Google's price list without a date"


@dataclass(frozen=True)
class Price:
    """US dollars an hour in us-central1. spot: None where it is not known. source: where it was read, and when."""

    on_demand: float
    spot: float | None = None
    source: str = f"karpenter-provider-gcp, {PRICES_AS_OF}"


@dataclass(frozen=True)
class MachineType:
    """A shape of Compute Engine.

    gpus: built in, always all of them; each is gpu_share of a card. bundled_ssds: local SSDs that it always comes with.
    local_ssds: the counts that may be asked for besides 0. price: of the whole machine, bundled SSDs included.
    """

    name: str
    cpus: int
    memory_gb: float
    gpus: int = 0
    gpu: str | None = None
    gpu_share: float = 1.0
    bundled_ssds: int = 0
    local_ssds: tuple[int, ...] = ()
    price: Price | None = None

    @property
    def family(self) -> str:
        """The machine family, such as g2."""
        return self.name.partition("-")[0]


@dataclass(frozen=True)
class Gpu:
    """A type of GPU by GKE's name.

    memory_mib: as nvidia-smi reports it; bandwidth: of that memory in GB/s. tflops: 1e12 operations in a second, with
    dense numbers of 16 bits, by its tensor cores where it has some. quota and spot_quota: metrics in Compute Engine's
    list of a region's quotas, None where it has none. quota_family: where quota is None, the value of the
    dimension gpu_family of Cloud Quotas' GPUS-PER-GPU-FAMILY-per-project-region, as far as it is known.
    machine_types: those that have it built in. attachable: to N1 machines, count of GPUs -> the most vCPUs that the
    machine may have. price: of the GPU alone. same_as: the type whose machines it is had on, where it has none itself.
    """

    name: str
    memory_mib: int
    bandwidth: int
    tflops: float
    compute_capability: tuple[int, int]
    quota: str | None
    spot_quota: str | None
    quota_family: str | None = None
    machine_types: tuple[MachineType, ...] = ()
    attachable: Mapping[int, int] = field(default_factory=dict)
    price: Price | None = None
    same_as: str | None = None

    @property
    def memory_bytes(self) -> int:
        """Memory in bytes."""
        return self.memory_mib * MIB

    def quota_metric(self, *, spot: bool) -> str | None:
        """The metric that counts it in Compute Engine's list, or None."""
        return self.spot_quota if spot else self.quota

    @property
    def always_listed(self) -> bool:
        """Whether every region lists its quotas, so that one which is not there is 0 and not unknown."""
        return self.quota is not None
