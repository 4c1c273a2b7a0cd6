"""Devices to train on: what their makers state, without sparsity.

Sources: NVIDIA's datasheets of A100 (nvidia-a100-datasheet-us-nvidia-1758950-r4), H100 (SXM5), L4
and L40S, and its white paper on the Ada architecture (RTX 4090, bf16 with sums in fp32).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """One device.

    Attributes:
        bf16: peak of matrix products in bf16, FLOP/s.
        fp32: peak in fp32, FLOP/s; PyTorch does not use TF32 for matrix products unless told to.
        memory: bytes.
        bandwidth: of its memory, bytes/s.
    """

    bf16: float
    fp32: float
    memory: float
    bandwidth: float


DEVICES = {
    "a100-40gb": Device(312e12, 19.5e12, 40e9, 1_555e9),
    "a100-80gb": Device(312e12, 19.5e12, 80e9, 2_039e9),
    "h100": Device(989e12, 67e12, 80e9, 3_350e9),
    "l4": Device(121e12, 30.3e12, 24e9, 300e9),
    "l40s": Device(362e12, 91.6e12, 48e9, 864e9),
    "rtx-4090": Device(165e12, 82.6e12, 24e9, 1_008e9),
}
