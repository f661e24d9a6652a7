"""The stopwatch: one batch of observations to one chunk each, as the released model is run and by another
execution of ours.

Both share weights, inputs and process and take turns, so that their ratio depends on neither the machine's
mood nor its load. Inputs are drawn from a seed, and their hash is in the report.
"""

from __future__ import annotations

import hashlib
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xr0.bench import roofline
from xr0.bench.floors import Inference, floors
from xr0.engine import Prepared, Watch
from xr0.policy import Policy, Request, Timing, made_up_size
from xr0.transform.actions import decode_state
from xr0_robot.report import machine, now, versions

FIXTURE_SEED = 7
"""Of pictures, state and noise of a batch's first request."""

TURN = 5
"""Calls in a row of an execution, as in a server, which has one: the caches are its own but in the first."""

STAGES = ("preprocess", "vision", "prefill", "denoise")

SENTENCE = "Put the red brick in the left bin."


@dataclass(frozen=True)
class Fixture:
    """What is inferred, and how often each execution is timed.

    views: how many the policy must have; None: as many as it has. pixels: sides of each picture; None: each
    camera's own, or the size that a blank picture has where any will do. batch: requests at a time.
    """

    views: int | None
    pixels: int | None
    repeats: int
    warm_ups: int
    batch: int = 1


def latency(policy: Policy, reference: Policy, fixture: Fixture) -> dict[str, Any]:
    """A JSON-able report; `reference` is the same checkpoint by the slowest execution.

    ValueError where the policy has another number of views.
    """
    requests = fixed_requests(policy, fixture)
    policy.execution.prepare(policy.prepare(requests), fixture.batch)
    for _ in range(fixture.warm_ups):
        policy.infer_batch(requests)
        reference.infer_batch(requests)
    ours, theirs = [], []
    for first in range(0, fixture.repeats, TURN):
        for timings, each in ((theirs, reference), (ours, policy)):
            turn = range(first, min(first + TURN, fixture.repeats))
            timings += [each.infer_batch(requests)[1] for _ in turn]
    given = policy.prepare(requests)
    floor = _floor(policy, given)
    totals = [timing.total_ms for timing in ours]
    p50_ms, reference_p50_ms = np.median(totals), np.median([timing.total_ms for timing in theirs])
    return {
        "p50_ms": float(p50_ms),
        **{f"p{k}_ms": float(np.percentile(totals, k)) for k in (95, 99)},
        "reference_p50_ms": float(reference_p50_ms),
        "ratio": float(reference_p50_ms / p50_ms),
        "stages": {stage: _stage(stage, ours, theirs, floor["stages"]) for stage in STAGES},
        "floor_ms": floor["total_ms"],
        "fraction_of_floor": float(floor["total_ms"] / p50_ms),
        **difference(policy, reference, given),
        "peak_bytes": peak_bytes(policy.device),
        "fixture_sha256": digest(given),
        "execution": policy.execution.name,
        "computed_eagerly": sum(timing.execution != policy.execution.name for timing in ours),
        "shape": shape(policy, given),
        "fixture": {
            **asdict(fixture),
            "pictures": {key: list(image.shape[:2]) for key, image in requests[0].images.items()},
            "seed": FIXTURE_SEED,
        },
        "ceilings": floor["ceilings"],
        "device": device_name(policy.device),
        "threads": torch.get_num_threads(),
        "machine": machine(),
        "versions": versions(),
        "date": now(),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """For people: a row per stage, then the ratio, and how equal the actions are."""
    shape = found["shape"]
    yield (
        f"{shape['parameters']:,} parameters in {shape['dtype']} on {found['device']}, batch "
        f"{found['fixture']['batch']}: {shape['context_tokens']} context tokens, "
        f"{shape['action_horizon']} actions, {shape['steps']} steps"
    )
    yield f"{'[ms]':10} {'reference':>10} {found['execution']:>10} {'p99':>10} {'floor':>10}"
    for stage, times in [*found["stages"].items(), ("total", found)]:
        row = [times["reference_p50_ms"], times["p50_ms"], times["p99_ms"], times.get("floor_ms")]
        yield f"{stage:10} " + " ".join(" " * 10 if ms is None else f"{ms:10.2f}" for ms in row)
    yield (
        f"{found['execution']} is {found['ratio']:.2f} x as fast as the reference, at "
        f"{found['fraction_of_floor']:.0%} of its floor; actions differ by {found['max_abs_error']:.1e}, "
        f"cosine {found['cosine']:.6f}; peak memory {found['peak_bytes'] / 1e9:.2f} GB"
    )


def fixed_requests(policy: Policy, fixture: Fixture) -> list[Request]:
    """The same pictures, states and noise for the same seed; another seed for each of the batch."""
    cameras = policy.embodiment.cameras
    if fixture.views not in (None, len(cameras)):
        raise ValueError(f"bench: got {fixture.views} views, the policy has {len(cameras)}")
    return [_request(policy, fixture.pixels, FIXTURE_SEED + i) for i in range(fixture.batch)]


def _request(policy: Policy, pixels: int | None, seed: int) -> Request:
    rng, cameras = np.random.default_rng(seed), policy.embodiment.cameras
    sizes = [(pixels, pixels) if pixels else made_up_size(camera) for camera in cameras]
    images = {
        camera.key: rng.integers(0, 256, (*size, 3), np.uint8)
        for camera, size in zip(cameras, sizes, strict=True)
    }
    state = decode_state(rng.normal(size=policy.embodiment.model_dim), policy.embodiment)
    return Request(images, state, SENTENCE, None, seed)


def difference(policy: Policy, reference: Policy, given: Prepared) -> dict[str, float]:
    """How far the actions of two executions are apart, in the model's numbers, slots that the robot uses."""
    used = given.action_mask.bool()
    ours, theirs = (_actions(each, given)[used].double() for each in (policy, reference))
    return {
        "max_abs_error": float((ours - theirs).abs().max()),
        "cosine": float(torch.cosine_similarity(ours, theirs, dim=0)),
    }


def shape(policy: Policy, given: Prepared) -> dict[str, Any]:
    """What is being timed, in numbers."""
    views = len(policy.embodiment.cameras)
    return {
        "parameters": sum(p.numel() for p in policy.vla.parameters()),
        "dtype": str(policy.dtype).removeprefix("torch."),
        "context_tokens": given.inputs.input_ids.shape[1],
        "of_them_read_before": len(policy.opening.ids),
        "patches": given.inputs.image_grid_thw[:views].prod(dim=1).tolist(),
        "action_horizon": policy.action_horizon,
        "steps": policy.steps,
    }


def digest(given: Prepared) -> str:
    """SHA-256 over what the model is given."""
    hashed = hashlib.sha256()
    for tensor in (given.inputs.input_ids, given.inputs.pixel_values, given.state, given.noise):
        hashed.update(tensor.cpu().to(torch.float32).numpy().tobytes())
    return hashed.hexdigest()


def peak_bytes(device: torch.device) -> int:
    """Of the device's memory, or of this process so far."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def device_name(device: torch.device) -> str:
    """In words."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


@torch.no_grad()
def _actions(policy: Policy, given: Prepared) -> Tensor:
    return policy.execution(given, Watch(policy.device))


def _stage(
    name: str, ours: Sequence[Timing], theirs: Sequence[Timing], work: Mapping[str, Any]
) -> dict[str, float]:
    """Times of one stage, and its floor where it computes on the device."""
    mine, other = ([getattr(timing, f"{name}_ms") for timing in each] for each in (ours, theirs))
    p50_ms = float(np.median(mine))
    found = {
        "p50_ms": p50_ms,
        "p99_ms": float(np.percentile(mine, 99)),
        "reference_p50_ms": float(np.median(other)),
    }
    if name not in work:
        return found
    return {**found, **work[name], "fraction_of_floor": work[name]["floor_ms"] / p50_ms}


def _floor(policy: Policy, given: Prepared) -> Mapping[str, Any]:
    config, (batch, tokens) = policy.vla.config, given.inputs.input_ids.shape
    inference = Inference(
        config,
        tuple(given.inputs.image_grid_thw[: len(policy.embodiment.cameras)].prod(dim=1).tolist()),
        tokens,
        len(policy.opening.ids),
        policy.action_horizon,
        policy.vla.sink.weight.element_size(),
        policy.steps,
        batch,
    )
    return floors(inference, roofline.ceilings(config, tokens * batch, policy.dtype, policy.device))
