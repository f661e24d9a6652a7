"""Policy: observations in, commands out, with timings. What the server serves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from xr0.checkpoints import pretrained
from xr0.checkpoints.folder import Checkpoint
from xr0.checkpoints.options import LoadOptions
from xr0.config import FLOW_STEPS
from xr0.data.collate import pad_rows
from xr0.model import flow, guidance, prefill
from xr0.plans import Plans, check_plausible
from xr0.transform import actions as layout
from xr0.transform.tokenizer import padding_id
from xr0.types import VLMInputs
from xr0_robot.types import GUIDANCE, Camera, Embodiment, Guide, finite_vector

BLANK_SIZE = (256, 256)
"""Height and width [px] of a made-up picture, for a camera of any size."""


@dataclass(frozen=True)
class Timing:
    """Wall time of each stage of one inference [ms]; a batch's requests share it."""

    preprocess_ms: float
    vision_ms: float
    prefill_ms: float
    denoise_ms: float

    @property
    def total_ms(self) -> float:
        """Their sum."""
        return self.preprocess_ms + self.vision_ms + self.prefill_ms + self.denoise_ms


@dataclass(frozen=True)
class Request:
    """One robot's question. prefix: commands [p, native_dim] of the p ticks from now on; or a guide, for a
    policy that was not trained with a prefix."""

    images: Mapping[str, np.ndarray]
    state: np.ndarray
    instruction: str
    prefix: np.ndarray | None
    seed: int
    guide: Guide | None = None


@dataclass(frozen=True)
class Prepared:
    """A batch of requests as the model takes it; `native` are the robots' own states [b, state_dim]."""

    inputs: VLMInputs
    native: np.ndarray
    state: Float[Tensor, "b 1 s"]
    action_mask: Float[Tensor, "b t d"]
    noise: Float[Tensor, "b t d"]
    prefix: flow.Prefix | None
    guide: guidance.Guide | None


class Policy:
    """A checkpoint ready to act: as its only robot, or the named one, in `steps` Euler steps.

    ValueError, one line, where it serves several robots and none is named, or another.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        robot: str | None = None,
        device: torch.device | None = None,
        steps: int = FLOW_STEPS,
    ) -> None:
        if steps < 1:
            raise ValueError(f"policy: got {steps} Euler steps, expected 1 or more")
        self.checkpoint = checkpoint
        chosen = checkpoint.robot(robot)
        self.embodiment, self.stats = chosen.embodiment, chosen.stats
        self.steps = steps
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.vla = checkpoint.vla.to(self.device).eval()
        self.dtype = self.vla.sink.weight.dtype
        self.plans = Plans(self.embodiment, self.stats, self.device, self.dtype)
        with torch.no_grad():
            self.schedule = self.vla.schedule(steps)
            opening = checkpoint.processor.opening(self.embodiment)
            self.opening = prefill.encode_opening(self.vla.vlm, torch.tensor(opening, device=self.device))

    @staticmethod
    def from_pretrained(
        source: str | Path,
        *,
        robot_type: str | None = None,
        contract: str | None = None,
        views: Sequence[str] = (),
        embodiment: Embodiment | None = None,
        device: torch.device | None = None,
        steps: int = FLOW_STEPS,
    ) -> Policy:
        """Load a folder of either layout, a .pt file of the released post-training code, or a hub name.

        robot_type: which of several that the checkpoint serves. contract: "causal" or "windowed",
        where the files do not tell. views: titles of the cameras, for a robot type that has no documented
        ones. embodiment: the robot, for a robot type that is not known here. Raises FileNotFoundError or
        ValueError in one line, also where one of these is needed and not given.
        """
        options = LoadOptions(robot_type, contract, tuple(views), embodiment)
        return Policy(pretrained.load(source, options), robot_type, device, steps)

    @property
    def action_horizon(self) -> int:
        """Ticks per chunk."""
        return self.stats.horizon

    @property
    def max_prefix(self) -> int:
        """Longest prefix [ticks] that the checkpoint was trained to continue, within a chunk."""
        return min(self.checkpoint.contract.max_prefix, self.action_horizon)

    def infer(self, request: Request) -> tuple[np.ndarray, Timing]:
        """Commands float64 [action_horizon, native_dim] from the observation's tick on.

        ValueError on a missing or misshapen camera, a state, prefix or guide of another width, with NaN or
        beyond MAX_DEVIATION, a prefix longer than the checkpoint knows, a guide longer than a chunk, both at
        once; and where the model's answer is not finite.
        """
        actions, timing = self.infer_batch([request])
        return actions[0], timing

    @torch.no_grad()
    def infer_batch(self, requests: Sequence[Request]) -> tuple[list[np.ndarray], Timing]:
        """One answer per request, as `infer` gives it alone, whatever the lengths of sentences and prefixes.

        ValueError as `infer`, for what is wrong with a request before anything is computed.
        """
        marks = [time.perf_counter()]
        given = self.prepare(requests)
        marks.append(self._now())
        features = prefill.encode_images(self.vla.vlm, given.inputs)
        marks.append(self._now())
        context = self.vla.encode_context(given.inputs, features, self.opening)
        marks.append(self._now())
        how = (self.checkpoint.contract, self.schedule, given.prefix, given.guide)
        actions = self.vla.sample(context, given.state, given.action_mask, given.noise, *how)
        native = self._decode(actions, given.native)
        if not all(np.isfinite(chunk).all() for chunk in native):
            raise ValueError("policy: the model answers with NaN or infinity")
        marks.append(time.perf_counter())
        return native, Timing(*(np.diff(marks) * 1e3).tolist())

    def prepare(self, requests: Sequence[Request]) -> Prepared:
        """Check, tokenize, normalise; ValueError names what is wrong with which part of a request."""
        if not requests:
            raise ValueError("policy: got no request, expected at least one")
        stats, processor = self.stats, self.checkpoint.processor
        states = [finite_vector("state", r.state, self.embodiment.state_dim) for r in requests]
        prefix = self.plans.prefix([self._prefix(request) for request in requests], states)
        rows = [processor.action(r.images, r.instruction, self.embodiment) for r in requests]
        native = np.stack(states)
        with np.errstate(over="ignore"):
            normal = stats.normalize_state(layout.encode_state(native, self.embodiment))
        check_plausible("state", normal)
        action_mask = self._tensor(stats.mask).expand(len(requests), -1, -1)
        return Prepared(
            pad_rows(rows, padding_id(processor.tokenizer)).to(self.device, self.dtype),
            native,
            self._tensor(normal[:, None]),
            action_mask,
            torch.stack([self._noise(request.seed) for request in requests]),
            prefix,
            self.plans.guide([request.guide for request in requests], states, action_mask),
        )

    def warm_up(self) -> None:
        """One inference on a blank observation, so that the first real one is not the slowest."""
        images = {c.key: np.zeros((*made_up_size(c), 3), np.uint8) for c in self.embodiment.cameras}
        state = layout.decode_state(np.zeros(self.embodiment.model_dim), self.embodiment)
        self.infer(Request(images, state, "warm up", None, seed=0))

    def metadata(self) -> dict[str, object]:
        """What a client needs to know before it moves anything."""
        checkpoint = {"name": self.checkpoint.name, "fingerprint": self.checkpoint.fingerprint}
        return {
            "embodiment": self.embodiment.to_dict(),
            "action_horizon": self.action_horizon,
            "max_prefix": self.max_prefix,
            "guidance": list(GUIDANCE),
            "contract": asdict(self.checkpoint.contract),
            "checkpoint": {**checkpoint, "flow_steps": self.steps},
        }

    def _prefix(self, request: Request) -> np.ndarray | None:
        """What is committed, as far as that can be continued."""
        length = 0 if request.prefix is None else len(request.prefix)
        if length > 0 and request.guide is not None:
            raise ValueError("request: got a prefix and a guide, expected one of them")
        if length > self.max_prefix:
            raise ValueError(
                f"prefix: got {length} ticks, this checkpoint continues at most {self.max_prefix}"
            )
        return request.prefix

    def _decode(self, actions: Float[Tensor, "b t d"], states: np.ndarray) -> list[np.ndarray]:
        encoded = self.stats.unnormalize_actions(actions.float().cpu().numpy())
        return [
            layout.decode_actions(chunk, state, self.embodiment)
            for chunk, state in zip(encoded, states, strict=True)
        ]

    def _noise(self, seed: int) -> Float[Tensor, "t d"]:
        """Drawn on the model's device in its dtype, as the released code does: same seed, same noise."""
        generator = torch.Generator(self.device).manual_seed(seed)
        shape = self.stats.action_mean.shape
        return torch.randn(shape, generator=generator, device=self.device, dtype=self.dtype)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device, self.dtype)

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()


def made_up_size(camera: Camera) -> tuple[int, int]:
    """Height and width [px] that stand for a camera's: its own, as far as it has any."""
    return camera.height or BLANK_SIZE[0], camera.width or BLANK_SIZE[1]
