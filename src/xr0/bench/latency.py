"""The stopwatch: one observation to one chunk, as the released model is run and as it is run here.

Both executions share weights, inputs and process and take turns, so that their ratio depends on neither the
machine's mood nor its load. Inputs are drawn from a seed, and their hash is in the report.
"""

from __future__ import annotations

import hashlib
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from xr0.bench import reference, roofline
from xr0.bench.floors import Inference, floors
from xr0.config import FLOW_STEPS
from xr0.policy import Policy, Prepared, Request, made_up_size
from xr0.transform.actions import decode_state
from xr0_robot.report import machine, now, versions

FIXTURE_SEED = 7
"""Of pictures and state."""

STAGES = ("preprocess", "vision", "prefill", "denoise")
REFERENCE_STAGES = ("preprocess", "vision_and_prefill", "denoise")
"""transformers' forward does not part the vision tower from the language model."""

SENTENCE = "Put the red brick in the left bin."


@dataclass(frozen=True)
class Fixture:
    """What is inferred, and how often each execution is timed.

    views: how many the policy must have; None: as many as it has. pixels: sides of each picture; None: each
    camera's own, or the size that a blank picture has where any will do.
    """

    views: int | None
    pixels: int | None
    repeats: int
    warm_ups: int


def latency(policy: Policy, fixture: Fixture) -> dict[str, Any]:
    """A JSON-able report; ValueError where the policy has another number of views."""
    request = fixed_request(policy, fixture)
    ours, theirs = _ours(policy, request), _theirs(policy, request)
    for _ in range(fixture.warm_ups):
        ours()
        theirs()
    rows: dict[str, list[dict[str, float]]] = {"ours": [], "reference": []}
    for _ in range(fixture.repeats):
        rows["reference"].append(theirs())
        rows["ours"].append(ours())
    given = policy.prepare([request])
    result = {name: _summary(timed) for name, timed in rows.items()}
    ratio = result["reference"]["total"]["p50_ms"] / result["ours"]["total"]["p50_ms"]
    return {
        "shape": shape(policy, given),
        "fixture": {
            **asdict(fixture),
            "pictures": {key: list(image.shape[:2]) for key, image in request.images.items()},
            "seed": FIXTURE_SEED,
            "sha256": digest(given),
        },
        **result,
        "ratio": ratio,
        "floor": _floor(policy, given),
        "peak_memory_bytes": peak_memory_bytes(policy.device),
        "device": device_name(policy.device),
        "threads": torch.get_num_threads(),
        "machine": machine(),
        "versions": versions(),
        "date": now(),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """For people: a row per stage, then the ratio and the floor."""
    floors = {**{name: stage["floor_ms"] for name, stage in found["floor"]["stages"].items()}}
    floors["total"] = found["floor"]["total_ms"]
    shape = found["shape"]
    yield (
        f"{shape['parameters']:,} parameters in {shape['dtype']} on {found['device']}: "
        f"{shape['context_tokens']} context tokens, {shape['action_horizon']} actions, {shape['steps']} steps"
    )
    for name in ("reference", "ours"):
        yield f"{name:24} {'p50':>10} {'p99':>10} {'floor':>10}   [ms]"
        for stage, times in found[name].items():
            floor = f"{floors[stage]:10.2f}" if stage in floors else " " * 10
            yield f"  {stage.replace('_', ' '):22} {times['p50_ms']:10.2f} {times['p99_ms']:10.2f} {floor}"
    yield f"ours is {found['ratio']:.2f} x as fast; peak memory {found['peak_memory_bytes'] / 1e9:.2f} GB"


def fixed_request(policy: Policy, fixture: Fixture) -> Request:
    """The same pictures, state and noise for the same seed."""
    cameras = policy.embodiment.cameras
    if fixture.views not in (None, len(cameras)):
        raise ValueError(f"bench: got {fixture.views} views, the policy has {len(cameras)}")
    rng = np.random.default_rng(FIXTURE_SEED)
    sizes = [(fixture.pixels, fixture.pixels) if fixture.pixels else made_up_size(c) for c in cameras]
    images = {
        camera.key: rng.integers(0, 256, (*size, 3), np.uint8)
        for camera, size in zip(cameras, sizes, strict=True)
    }
    state = decode_state(rng.normal(size=policy.embodiment.model_dim), policy.embodiment)
    return Request(images, state, SENTENCE, None, FIXTURE_SEED)


def shape(policy: Policy, given: Prepared) -> dict[str, Any]:
    """What is being timed, in numbers."""
    return {
        "parameters": sum(p.numel() for p in policy.vla.parameters()),
        "dtype": str(policy.dtype).removeprefix("torch."),
        "context_tokens": given.inputs.input_ids.shape[1],
        "of_them_read_before": len(policy.opening.ids),
        "patches": given.inputs.image_grid_thw.prod(dim=1).tolist(),
        "action_horizon": policy.action_horizon,
        "steps": FLOW_STEPS,
    }


def digest(given: Prepared) -> str:
    """SHA-256 over what the model is given."""
    hashed = hashlib.sha256()
    for tensor in (given.inputs.input_ids, given.inputs.pixel_values, given.state, given.noise):
        hashed.update(tensor.cpu().to(torch.float32).numpy().tobytes())
    return hashed.hexdigest()


def peak_memory_bytes(device: torch.device) -> int:
    """Of the device, or of this process so far."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def device_name(device: torch.device) -> str:
    """In words."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _ours(policy: Policy, request: Request) -> Callable[[], dict[str, float]]:
    def run() -> dict[str, float]:
        _, timing = policy.infer(request)
        return {stage: getattr(timing, f"{stage}_ms") for stage in STAGES} | {"total": timing.total_ms}

    return run


def _theirs(policy: Policy, request: Request) -> Callable[[], dict[str, float]]:
    @torch.inference_mode()
    def run() -> dict[str, float]:
        with reference.eager_attention(policy.vla):
            marks = [time.perf_counter()]
            given = policy.prepare([request])
            marks.append(_now(policy.device))
            context = reference.encode(policy.vla, given.inputs)
            marks.append(_now(policy.device))
            contract = policy.checkpoint.contract
            reference.sample(policy.vla, context, given.state, given.action_mask, given.noise, contract)
            marks.append(_now(policy.device))
        spent: list[float] = (np.diff(marks) * 1e3).tolist()
        return dict(zip(REFERENCE_STAGES, spent, strict=True)) | {"total": sum(spent)}

    return run


def _summary(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Median and 99th percentile of each stage."""
    return {
        stage: {
            "p50_ms": statistics.median(row[stage] for row in rows),
            "p99_ms": float(np.percentile([row[stage] for row in rows], 99)),
        }
        for stage in rows[0]
    }


def _floor(policy: Policy, given: Prepared) -> Mapping[str, Any]:
    config, tokens = policy.vla.config, given.inputs.input_ids.shape[1]
    inference = Inference(
        config,
        tuple(given.inputs.image_grid_thw.prod(dim=1).tolist()),
        tokens,
        len(policy.opening.ids),
        policy.action_horizon,
        policy.vla.sink.weight.element_size(),
    )
    return floors(inference, roofline.ceilings(config, tokens, policy.dtype, policy.device))


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
