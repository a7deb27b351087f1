# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every GPU that GKE offers, with the machine types that have it: the one table that all else reads.

To add a GPU, add a row. Where nothing is known the value is None, and whoever reads it says so.

Sources:
    Shapes, bandwidth and local SSDs: Compute Engine's documentation of accelerator-optimized machines and of local SSDs
    (2026-04-14); the -nolssd shapes: Google's cluster-toolkit and Cyclenerd's list of machine types (2026-08-20).
    Memory: nvidia-smi on such a GPU. Operations: NVIDIA's data sheets, half of what they give for sparse matrices.
    Quota metrics on demand: the enumeration ``Quota.metric`` of Compute Engine's discovery document (2026-11-06). Those
    of Spot that it does not have were seen in answers of regions.get, where they are not always shown.
    Prices: each says its source.
"""

from __future__ import annotations

from collections.abc import Mapping

from .hardware import UNDATED, Gpu, MachineType, Price


def _up_to(most: int) -> tuple[int, ...]:
    return tuple(range(1, most + 1))


_ROWS = (
    Gpu(
        "nvidia-l4",
        memory_mib=23034,
        bandwidth=300,
        tflops=121,
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
        tflops=121,
        compute_capability=(8, 9),
        quota=None,
        spot_quota=None,
        same_as="nvidia-l4",
    ),
    Gpu(
        "nvidia-tesla-t4",
        memory_mib=15360,
        bandwidth=320,
        tflops=65,
        compute_capability=(7, 5),
        quota="NVIDIA_T4_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_T4_GPUS",
        attachable={1: 48, 2: 48, 4: 96},
        price=Price(0.35, source=UNDATED),
    ),
    Gpu(
        "nvidia-tesla-p4",
        memory_mib=7680,
        bandwidth=192,
        tflops=5.5,
        compute_capability=(6, 1),
        quota="NVIDIA_P4_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_P4_GPUS",
        attachable={1: 24, 2: 48, 4: 96},
        price=Price(0.60, source=UNDATED),
    ),
    Gpu(
        "nvidia-tesla-p100",
        memory_mib=16384,
        bandwidth=732,
        tflops=18.7,
        compute_capability=(6, 0),
        quota="NVIDIA_P100_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_P100_GPUS",
        attachable={1: 16, 2: 32, 4: 96},
        price=Price(1.46, source=UNDATED),
    ),
    Gpu(
        "nvidia-tesla-v100",
        memory_mib=16384,
        bandwidth=900,
        tflops=125,
        compute_capability=(7, 0),
        quota="NVIDIA_V100_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_V100_GPUS",
        attachable={1: 12, 2: 24, 4: 48, 8: 96},
        price=Price(2.48, source=UNDATED),
    ),
    Gpu(
        "nvidia-tesla-a100",
        memory_mib=40960,
        bandwidth=1555,
        tflops=312,
        compute_capability=(8, 0),
        quota="NVIDIA_A100_GPUS",
        spot_quota="PREEMPTIBLE_NVIDIA_A100_GPUS",
        price=Price(2.933908, source=UNDATED),
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
        tflops=312,
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
        tflops=989,
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
        tflops=989,
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
        tflops=989,
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
        tflops=2250,
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
        tflops=2500,
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
        tflops=2500,
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
        tflops=503.8,
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
        tflops=503.8,
        compute_capability=(12, 0),
        quota=None,
        spot_quota=None,
        same_as="nvidia-rtx-pro-6000",
    ),
)

GPUS: Mapping[str, Gpu] = {gpu.name: gpu for gpu in _ROWS}
"""By GKE's accelerator type."""
