"""Floors for devices that are not here: predictions from data sheets, never measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from xr0.bench import shapes
from xr0.bench.floors import Inference, floors
from xr0.config import ModelConfig
from xr0.model.work import Ceilings
from xr0.sizes import OFFICIAL_IMAGES, OFFICIAL_SPECIAL_IDS
from xr0.transform import tokenizer
from xr0.transform.processor import Processor

DeviceName = Literal["rtx4090", "orin", "thor", "h100", "h200"]

BFLOAT16 = 2
"""Bytes."""

SENTENCE = "Put the red brick in the left bin."


@dataclass(frozen=True)
class Device:
    """Peaks of a data sheet: dense matrix products in bfloat16 [FLOP/s], memory reads [bytes/s]."""

    title: str
    ceilings: Ceilings
    source: str


DEVICES: Mapping[DeviceName, Device] = {
    "rtx4090": Device(
        "GeForce RTX 4090",
        Ceilings(165.2e12, 1.008e12),
        "NVIDIA Ada GPU Architecture, table 2 (float32 accumulation, without sparsity)",
    ),
    "orin": Device(
        "Jetson AGX Orin 64 GB",
        Ceilings(42.5e12, 0.2048e12),
        "NVIDIA Jetson AGX Orin Series Technical Brief (a quarter of 170 sparse INT8 TOPS)",
    ),
    "thor": Device(
        "Jetson AGX Thor T5000",
        Ceilings(258.75e12, 0.273e12),
        "NVIDIA Jetson Thor Series data sheet (an eighth of 2070 sparse FP4 TFLOPS)",
    ),
    "h100": Device("H100 SXM", Ceilings(989.5e12, 3.35e12), "NVIDIA H100 data sheet (without sparsity)"),
    "h200": Device("H200 SXM", Ceilings(989.5e12, 4.8e12), "NVIDIA H200 data sheet (without sparsity)"),
}

DEVICE_NAMES: tuple[DeviceName, ...] = get_args(DeviceName)


def named(names: Sequence[str]) -> tuple[DeviceName, ...]:
    """Those devices, all where none is named; ValueError for one that is not known."""
    if unknown := [name for name in names if name not in DEVICE_NAMES]:
        raise ValueError(f"--device: got {', '.join(unknown)}, expected some of {', '.join(DEVICE_NAMES)}")
    return tuple(name for name in DEVICE_NAMES if name in names) or DEVICE_NAMES


def inference(config: ModelConfig, views: int, pixels: int, horizon: int) -> Inference:
    """Of a model of the released kind in bfloat16, with square pictures; ValueError for more views than the
    released robots have."""
    robot = shapes.robot(views)
    processor = Processor(tokenizer.placeholder(OFFICIAL_SPECIAL_IDS), OFFICIAL_IMAGES)
    blank = np.zeros((pixels, pixels, 3), np.uint8)
    tokens = processor.action({camera.key: blank for camera in robot.cameras}, SENTENCE, robot)
    patches = tuple(height * width for height, width in tokens.grids)
    read_before = len(processor.opening(robot))
    return Inference(config, patches, len(tokens.ids), read_before, horizon, BFLOAT16)


def predict(name: DeviceName, given: Inference) -> dict[str, Any]:
    """A JSON-able report."""
    device = DEVICES[name]
    found = floors(given, device.ceilings)
    return {
        "what": "prediction from peaks of a data sheet; no execution is faster, none was measured",
        "device": {"name": name, "title": device.title, "source": device.source},
        "inference": {key: value for key, value in asdict(given).items() if key != "config"},
        **found,
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """For people."""
    given, device = found["inference"], found["device"]
    yield (
        f"{device['title']}, PREDICTION by its data sheet: {given['tokens']} context tokens, "
        f"{given['horizon']} actions, {given['steps']} steps, {8 * given['itemsize']} bits a weight"
    )
    ceilings = found["ceilings"]
    for name, stage in found["stages"].items():
        computes = stage["flops"] / ceilings["flops_per_s"] > stage["nbytes"] / ceilings["bytes_per_s"]
        by = "matrix products" if computes else "memory"
        yield f"  {name:10} no less than {stage['floor_ms']:7.2f} ms, by {by}"
    yield f"  {'chunk':10} no less than {found['total_ms']:7.2f} ms"
