"""Our forward against golden tensors of the official one, quantity by quantity.

A folder: config.json and weights in the released layout; cases.json, which names each case's contract; for
each case `<name>.safetensors` with `in.*` and `out.*`; and, if there, images/ with the patches of the
official image rule. Any shapes, batch sizes, padding sides and prefixes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file
from torch import Tensor

from xr0.checkpoints import official, tensors, weights
from xr0.checkpoints.folder import CONFIG, read_json
from xr0.config import FLOW_STEPS, Contract
from xr0.data.pixels import pixel_values
from xr0.model import flow, prefill, vlm
from xr0.model.vla import VLA
from xr0.sizes import OFFICIAL_IMAGES
from xr0.types import VLMInputs

TOLERANCE = 2e-5
"""Relative to a tensor's largest value: float32 sums in another order."""

PIXEL_TOLERANCE = 1e-6
"""Absolute, of pixels in [-1, 1]."""

CASES, IMAGES = "cases.json", "images"


@dataclass(frozen=True)
class Error:
    """How far one quantity is from its golden value; relative to the golden tensor's largest value."""

    case: str
    quantity: str
    absolute: float
    relative: float
    passed: bool


def check(folder: Path) -> list[Error]:
    """Every quantity of every case and image; FileNotFoundError or ValueError if the folder is not whole."""
    cases = read_json(folder / CASES)
    vla = weights.build(official.model_config(read_json(folder / CONFIG), folder), folder, rounded_rope=False)
    found = []
    for name, about in cases.items():
        vlm.set_rope(vla.vlm, bool(about.get("rounded_rope", False)))
        found += _check_case(vla, name, about, _load(folder / f"{name}.safetensors"))
    if (folder / IMAGES).is_dir():
        found += _check_images(folder / IMAGES)
    return found


def lines(found: list[Error]) -> Iterator[str]:
    """For people: a line per quantity, keys and values of all layers together."""
    case = ""
    for error in _grouped(found):
        if error.case != case:
            case = error.case
            yield case
        verdict = "ok" if error.passed else "TOO FAR"
        sizes = f"absolute {error.absolute:8.1e}   relative {error.relative:8.1e}"
        yield f"  {error.quantity:22} {sizes}   {verdict}"


def _grouped(found: list[Error]) -> Iterator[Error]:
    groups: dict[tuple[str, str], list[Error]] = {}
    for error in found:
        parts = error.quantity.split(".")
        name = f"context {parts[-1]}s" if parts[0] == "context" else error.quantity.replace("_", " ")
        groups.setdefault((error.case, name), []).append(error)
    for (case, name), group in groups.items():
        absolute, relative = max(e.absolute for e in group), max(e.relative for e in group)
        yield Error(case, name, absolute, relative, all(e.passed for e in group))


def report(folder: Path, found: list[Error]) -> dict[str, Any]:
    """JSON-able; the errors of each case by quantity."""
    cases: dict[str, dict[str, Any]] = {}
    for error in found:
        row = {key: value for key, value in asdict(error).items() if key not in ("case", "quantity")}
        cases.setdefault(error.case, {})[error.quantity] = row
    return {
        "folder": folder.name,
        "passed": all(error.passed for error in found),
        "tolerance": TOLERANCE,
        "pixel_tolerance": PIXEL_TOLERANCE,
        "cases": cases,
    }


@torch.inference_mode()
def _check_case(vla: VLA, name: str, about: Mapping[str, Any], golden: Mapping[str, Tensor]) -> list[Error]:
    given, wanted = _split(name, golden)
    contract = Contract(
        str(about.get("contract", "golden")),
        about.get("window"),
        int(about.get("offset", 0)),
        max_prefix=given["noise"].shape[1],
        rounded_rope=bool(about.get("rounded_rope", False)),
    )
    inputs = VLMInputs(
        given["input_ids"], given["attention_mask"], given["pixel_values"], given["image_grid_thw"]
    )
    ours = {"context_position_ids": vlm.position_ids(vla.vlm, inputs)}
    ours |= _context(vla, inputs)
    ours |= _actions(vla, inputs, given, about, contract)
    missing = sorted(set(wanted) - set(ours))
    if missing:
        raise ValueError(f"parity: {name}: no such quantity here: {', '.join(missing)}")
    real = given["attention_mask"].cumsum(dim=1) > 0
    pairs = ((key, ours[key], value) for key, value in sorted(wanted.items()))
    return [_compare(name, *single, real) for pair in pairs for single in _step_by_step(*pair)]


def _context(vla: VLA, inputs: VLMInputs) -> dict[str, Tensor]:
    layers = len(vla.vlm.model.language_model.layers)
    context = prefill.encode_context(vla.vlm, inputs, prefill.encode_images(vla.vlm, inputs), layers, None)
    pairs = zip(context.keys, context.values, strict=True)
    named = {f"context.{i}": {"key": key, "value": value} for i, (key, value) in enumerate(pairs)}
    return {f"{layer}.{part}": tensor for layer, parts in named.items() for part, tensor in parts.items()}


def _actions(
    vla: VLA,
    inputs: VLMInputs,
    given: Mapping[str, Tensor],
    about: Mapping[str, Any],
    contract: Contract,
) -> dict[str, Tensor]:
    noise, mask = given["noise"], given["action_mask"]
    batch, horizon, _ = noise.shape
    lengths = torch.as_tensor(about.get("prefix_length", 0)).expand(batch)
    prefix = flow.Prefix(_padded(given["prefix"], noise), lengths) if "prefix" in given else None
    held = torch.zeros_like(noise[..., :1], dtype=torch.bool) if prefix is None else prefix.held()
    context = vla.encode(inputs)
    layout = vla.layout(context, horizon, lengths, contract)
    schedule = vla.schedule(int(about.get("num_steps", FLOW_STEPS)))
    leading, velocities = vla.leading(given["state"]), []

    def velocity(x: Tensor, k: int) -> Tensor:
        modulation = schedule[k].expand(batch, -1, -1)
        velocities.append(vla.velocity(x, modulation, leading, context, mask, layout).masked_fill(held, 0.0))
        return velocities[-1]

    flow.euler(velocity, noise, len(schedule), prefix)
    return {
        "dit_position_ids": layout.positions.expand(3, -1, -1),
        "dit_attention_mask": layout.mask,
        "velocities": torch.stack(velocities),
        "actions": vla.sample(context, given["state"], mask, noise, contract, schedule, prefix),
    }


def _step_by_step(quantity: str, ours: Tensor, golden: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Each velocity on its own; everything else as it is."""
    if quantity != "velocities" or len(ours) != len(golden):
        yield quantity, ours, golden
        return
    for k in range(len(golden)):
        yield f"velocity.{k}", ours[k], golden[k]


def _check_images(folder: Path) -> Iterator[Error]:
    for name, about in read_json(folder / "images.json").items():
        if not (folder / name).is_file():
            raise FileNotFoundError(f"parity: no file {name} in {folder}")
        with Image.open(folder / name) as picture:
            view = np.asarray(picture.convert("RGB"))
        grid = OFFICIAL_IMAGES.grid(view)
        ours = pixel_values([view], [grid], OFFICIAL_IMAGES).numpy()
        same = [1, *grid] == about["grid_thw"] and OFFICIAL_IMAGES.tokens(grid) == about["tokens"]
        yield Error(name, "grid and tokens", 0.0 if same else 1.0, 0.0 if same else 1.0, same)
        yield _pixels(name, "pixel mean", ours.mean(dtype=np.float64), about["pixel_mean"])
        yield _pixels(name, "pixel std", ours.std(dtype=np.float64, ddof=1), about["pixel_std"])
        golden = (folder / name).with_suffix(".safetensors")
        if golden.is_file():
            yield _pixels(name, "pixel values", ours, load_arrays(golden)["pixel_values"])


def _pixels(name: str, quantity: str, ours: Any, golden: Any) -> Error:
    if np.shape(ours) != np.shape(golden):
        return Error(name, quantity, float("inf"), float("inf"), False)
    absolute = float(np.abs(np.asarray(ours, np.float64) - golden).max())
    return Error(
        name, quantity, absolute, absolute / float(np.abs(golden).max()), absolute <= PIXEL_TOLERANCE
    )


def _compare(case: str, quantity: str, ours: Tensor, golden: Tensor, real: Tensor) -> Error:
    """Numbers within the tolerance, ids and masks equal. Keys and values of padding before anything real are
    not defined, and left out."""
    if ours.shape != golden.shape:
        return Error(case, quantity, float("inf"), float("inf"), False)
    if not golden.is_floating_point():
        wrong = float((ours.long() - golden.long()).abs().max())
        return Error(case, quantity, wrong, wrong, wrong == 0)
    difference = (ours - golden).abs()
    if quantity.startswith("context"):
        difference, golden = (t * real[:, None, :, None] for t in (difference, golden))
    absolute = float(difference.max())
    relative = absolute / max(float(golden.abs().max()), torch.finfo(golden.dtype).tiny)
    return Error(case, quantity, absolute, relative, relative <= TOLERANCE)


def _split(name: str, golden: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    given = {key.removeprefix("in."): value for key, value in golden.items() if key.startswith("in.")}
    wanted = {key.removeprefix("out."): value for key, value in golden.items() if key.startswith("out.")}
    needed = {
        "input_ids",
        "attention_mask",
        "pixel_values",
        "image_grid_thw",
        "state",
        "action_mask",
        "noise",
    }
    if not needed <= set(given) or not wanted:
        raise ValueError(
            f"parity: {name}: got in.{sorted(given)} and out.{sorted(wanted)}, expected in.{sorted(needed)}"
        )
    return given, wanted


def _padded(prefix: Tensor, noise: Tensor) -> Tensor:
    """As long as the chunk."""
    return torch.cat([prefix, noise[:, prefix.shape[1] :]], dim=1)


def _load(path: Path) -> dict[str, Tensor]:
    tensors.read_header(path)
    return load_file(path)
