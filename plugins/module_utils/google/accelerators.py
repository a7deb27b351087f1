# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every GPU that GKE offers, with the machine types that have it: the one table that all else reads.

To add a GPU, add a row. Where nothing is known the value is None, and whoever reads it says so.

Sources:
    Shapes, bandwidth and local SSDs: Compute Engine's documentation of accelerator-optimized machines and of local SSDs
    (2026-04-14); the -nolssd shapes: Google's cluster-toolkit and Cyclenerd's list of machine types (2026-08-20).
    Memory: nvidia-smi on such a GPU.
    Quota metrics on demand: the enumeration ``Quota.metric`` of Compute Engine's discovery document (2026-11-06). Those
    of Spot that it does not have were seen in answers of regions.get, where they are not always shown.
    Prices: see PRICES_AS_OF; of machines by karpenter-provider-gcp's list, bundled local SSDs included, of N1's GPUs by
    Google's price list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MIB = 1024**2

PRICES_AS_OF = "2026-08-03"
"""When the list prices of us-central1 were read: estimates, which Google may have changed since."""


@dataclass(frozen=True)
class Price:
    """US dollars an hour in us-central1. spot: None where it is not known."""

    on_demand: float
    spot: float | None = None


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

    memory_mib: as nvidia-smi reports it; bandwidth: of that memory in GB/s. quota and spot_quota: metrics in Compute
    Engine's list of a region's quotas, None where it has none. quota_family: where quota is None, the value of the
    dimension gpu_family of Cloud Quotas' GPUS-PER-GPU-FAMILY-per-project-region, as far as it is known.
    machine_types: those that have it built in. attachable: to N1 machines, count of GPUs -> the most vCPUs that the
    machine may have. price: of the GPU alone. same_as: the type whose machines it is had on, where it has none itself.
    """

    name: str
    memory_mib: int
    bandwidth: int
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


def _up_to(most: int) -> tuple[int, ...]:
    return tuple(range(1, most + 1))


_ROWS = (
    Gpu(
        "nvidia-l4",
        memory_mib=23034,
        bandwidth=300,
        compute_capability=(8, 9),
        quota="NVIDIA_L4_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_L4_GPUS",
        price=Price(0.56004, 0.3148),
        machine_types=(
            MachineType("g2-standard-4", 4, 16, 1, local_ssds=(1,), price=Price(0.706832, 0.397336)),
            MachineType("g2-standard-8", 8, 32, 1, local_ssds=(1,), price=Price(0.853624, 0.479872)),
            MachineType("g2-standard-12", 12, 48, 1, local_ssds=(1,), price=Price(1.000416, 0.562408)),
            MachineType("g2-standard-16", 16, 64, 1, local_ssds=(1,), price=Price(1.147208, 0.644944)),
            MachineType("g2-standard-24", 24, 96, 2, local_ssds=_up_to(2), price=Price(2.000833, 1.124816)),
            MachineType("g2-standard-32", 32, 128, 1, local_ssds=(1,), price=Price(1.734376, 0.975088)),
            MachineType("g2-standard-48", 48, 192, 4, local_ssds=_up_to(4), price=Price(4.001665, 2.249632)),
            MachineType("g2-standard-96", 96, 384, 8, local_ssds=_up_to(8), price=Price(8.003330, 4.499264)),
        ),
    ),
    Gpu(
        "nvidia-l4-vws",
        memory_mib=23034,
        bandwidth=300,
        compute_capability=(8, 9),
        quota=None,
        spot_quota=None,
        same_as="nvidia-l4",
    ),
    Gpu(
        "nvidia-tesla-t4",
        memory_mib=15360,
        bandwidth=320,
        compute_capability=(7, 5),
        quota="NVIDIA_T4_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_T4_GPUS",
        attachable={1: 48, 2: 48, 4: 96},
        price=Price(0.35),
    ),
    Gpu(
        "nvidia-tesla-p4",
        memory_mib=7680,
        bandwidth=192,
        compute_capability=(6, 1),
        quota="NVIDIA_P4_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_P4_GPUS",
        attachable={1: 24, 2: 48, 4: 96},
        price=Price(0.60),
    ),
    Gpu(
        "nvidia-tesla-p100",
        memory_mib=16384,
        bandwidth=732,
        compute_capability=(6, 0),
        quota="NVIDIA_P100_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_P100_GPUS",
        attachable={1: 16, 2: 32, 4: 96},
        price=Price(1.46),
    ),
    Gpu(
        "nvidia-tesla-v100",
        memory_mib=16384,
        bandwidth=900,
        compute_capability=(7, 0),
        quota="NVIDIA_V100_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_V100_GPUS",
        attachable={1: 12, 2: 24, 4: 48, 8: 96},
        price=Price(2.48),
    ),
    Gpu(
        "nvidia-tesla-a100",
        memory_mib=40960,
        bandwidth=1555,
        compute_capability=(8, 0),
        quota="NVIDIA_A100_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_A100_GPUS",
        price=Price(2.933908),
        machine_types=(
            MachineType("a2-highgpu-1g", 12, 85, 1, local_ssds=(1, 2, 4, 8), price=Price(3.673385, 1.92802)),
            MachineType("a2-highgpu-2g", 24, 170, 2, local_ssds=(2, 4, 8), price=Price(7.34677, 3.85604)),
            MachineType("a2-highgpu-4g", 48, 340, 4, local_ssds=(4, 8), price=Price(14.69354, 7.71208)),
            MachineType("a2-highgpu-8g", 96, 680, 8, local_ssds=(8,), price=Price(29.38708, 15.42416)),
            MachineType("a2-megagpu-16g", 96, 1360, 16, local_ssds=(8,), price=Price(55.739504, 29.25568)),
        ),
    ),
    Gpu(
        "nvidia-a100-80gb",
        memory_mib=81920,
        bandwidth=1900,
        compute_capability=(8, 0),
        quota="NVIDIA_A100_80GB_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_A100_80GB_GPUS",
        machine_types=(
            MachineType("a2-ultragpu-1g", 12, 170, 1, bundled_ssds=1, price=Price(5.068798, 2.759546)),
            MachineType("a2-ultragpu-2g", 24, 340, 2, bundled_ssds=2, price=Price(10.137596, 5.519093)),
            MachineType("a2-ultragpu-4g", 48, 680, 4, bundled_ssds=4, price=Price(20.275192, 11.038185)),
            MachineType("a2-ultragpu-8g", 96, 1360, 8, bundled_ssds=8, price=Price(40.550383, 22.07637)),
        ),
    ),
    Gpu(
        "nvidia-h100-80gb",
        memory_mib=81559,
        bandwidth=3350,
        compute_capability=(9, 0),
        quota=None,
        spot_quota="PREEMPTIBLE_NVIDIA_H100_GPUS",
        quota_family="NVIDIA_H100",
        machine_types=(
            MachineType("a3-highgpu-1g", 26, 234, 1, bundled_ssds=2, price=Price(11.06125, 6.326193)),
            MachineType("a3-highgpu-2g", 52, 468, 2, bundled_ssds=4, price=Price(22.1225, 12.652385)),
            MachineType("a3-highgpu-4g", 104, 936, 4, bundled_ssds=8, price=Price(44.245, 25.30477)),
            MachineType("a3-highgpu-8g", 208, 1872, 8, bundled_ssds=16, price=Price(88.49, 50.609541)),
            MachineType("a3-edgegpu-8g", 208, 1872, 8, bundled_ssds=16),
            MachineType("a3-edgegpu-8g-nolssd", 208, 1872, 8),
        ),
    ),
    Gpu(
        "nvidia-h100-mega-80gb",
        memory_mib=81559,
        bandwidth=3350,
        compute_capability=(9, 0),
        quota=None,
        spot_quota="PREEMPTIBLE_NVIDIA_H100_MEGA_GPUS",
        quota_family="NVIDIA_H100_MEGA",
        machine_types=(MachineType("a3-megagpu-8g", 208, 1872, 8, bundled_ssds=16),),
    ),
    Gpu(
        "nvidia-h200-141gb",
        memory_mib=143771,
        bandwidth=4800,
        compute_capability=(9, 0),
        quota=None,
        spot_quota="PREEMPTIBLE_NVIDIA_H200_GPUS",
        quota_family="NVIDIA_H200",
        machine_types=(
            MachineType("a3-ultragpu-8g", 224, 2952, 8, bundled_ssds=32),
            MachineType("a3-ultragpu-8g-nolssd", 224, 2952, 8),
        ),
    ),
    Gpu(
        "nvidia-b200",
        memory_mib=183359,
        bandwidth=8000,
        compute_capability=(10, 0),
        quota=None,
        spot_quota="PREEMPTIBLE_NVIDIA_B200_GPUS",
        quota_family="NVIDIA_B200",
        machine_types=(MachineType("a4-highgpu-8g", 224, 3968, 8, bundled_ssds=32),),
    ),
    Gpu(
        "nvidia-gb200",
        memory_mib=189471,
        bandwidth=8000,
        compute_capability=(10, 0),
        quota=None,
        spot_quota=None,
        # Its local SSDs have 3,000 GiB each.
        machine_types=(MachineType("a4x-highgpu-4g", 140, 884, 4, bundled_ssds=4),),
    ),
    Gpu(
        "nvidia-gb300",
        memory_mib=284208,
        bandwidth=8000,
        compute_capability=(10, 3),
        quota=None,
        spot_quota=None,
        machine_types=(
            MachineType("a4x-maxgpu-4g-metal", 144, 960, 4, bundled_ssds=4),
            MachineType("a4x-maxgpu-4g-metal-nolssd", 144, 960, 4),
        ),
    ),
    Gpu(
        "nvidia-rtx-pro-6000",
        memory_mib=97887,
        bandwidth=1597,
        compute_capability=(12, 0),
        quota=None,
        spot_quota="PREEMPTIBLE_NVIDIA_RTX_PRO_6000_GPUS",
        quota_family="NVIDIA_RTX_PRO_6000",
        machine_types=(
            MachineType("g4-standard-6", 6, 22, 1, gpu_share=1 / 8, price=Price(0.559556, 0.223804)),
            MachineType("g4-standard-12", 12, 45, 1, gpu_share=1 / 4, local_ssds=(1,), price=Price(1.124983, 0.449955)),
            MachineType(
                "g4-standard-24", 24, 90, 1, gpu_share=1 / 2, local_ssds=_up_to(2), price=Price(2.249965, 0.89991)
            ),
            MachineType("g4-standard-48", 48, 180, 1, local_ssds=_up_to(4), price=Price(4.49993, 1.79982)),
            MachineType("g4-standard-96", 96, 360, 2, local_ssds=_up_to(8), price=Price(8.99986, 3.59964)),
            MachineType("g4-standard-192", 192, 720, 4, local_ssds=_up_to(16), price=Price(17.99972, 7.19928)),
            MachineType("g4-standard-384", 384, 1440, 8, local_ssds=_up_to(32), price=Price(35.99944, 14.39856)),
        ),
    ),
    Gpu(
        "nvidia-rtx-pro-6000-vws",
        memory_mib=97887,
        bandwidth=1597,
        compute_capability=(12, 0),
        quota=None,
        spot_quota=None,
        same_as="nvidia-rtx-pro-6000",
    ),
)

GPUS: Mapping[str, Gpu] = {gpu.name: gpu for gpu in _ROWS}
"""By GKE's accelerator type."""
