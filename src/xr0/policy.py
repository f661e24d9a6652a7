"""Policy: observations in, commands out, with timings. What the server serves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from xr0 import engine
from xr0.checkpoints import pretrained
from xr0.checkpoints.folder import Checkpoint
from xr0.checkpoints.options import LoadOptions
from xr0.config import FLOW_STEPS, ExecutionName
from xr0.data.collate import pad_rows
from xr0.engine import Prepared
from xr0.model import prefill
from xr0.plans import Plans, check_plausible
from xr0.transform import actions as layout
from xr0.transform.processor import Tokens
from xr0_robot.types import GUIDANCE, Camera, Embodiment, Guide, finite_vector

BLANK_SIZE = (256, 256)
"""Height and width [px] of a made-up picture, for a camera of any size."""


@dataclass(frozen=True)
class Timing:
    """Wall time of each stage of one inference [ms], and the execution that computed it; a batch's requests
    share them."""

    preprocess_ms: float
    vision_ms: float
    prefill_ms: float
    denoise_ms: float
    execution: ExecutionName

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
class Row:
    """A request that was found good, in the model's numbers but not on its device; native: the state as the
    robot has it [state_dim]."""

    tokens: Tokens
    native: np.ndarray
    state: np.ndarray
    prefix: np.ndarray | None
    guide: Guide | None
    seed: int


class Policy:
    """A checkpoint ready to act: as its only robot, or the named one, in `steps` Euler steps, by one of the
    executions of `xr0.engine`.

    ValueError, one line, where it serves several robots and none is named, or another.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        robot: str | None = None,
        device: torch.device | None = None,
        steps: int = FLOW_STEPS,
        execution: ExecutionName = "eager",
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
            opening = checkpoint.processor.opening(self.embodiment)
            self.opening = prefill.encode_opening(self.vla.vlm, torch.tensor(opening, device=self.device))
            model = engine.Model(self.vla, checkpoint.contract, steps, self.opening)
            self.execution = engine.execution(execution, model)

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
        execution: ExecutionName = "eager",
    ) -> Policy:
        """Load a folder of either layout, a .pt file of the released post-training code, or a hub name.

        robot_type: which of several that the checkpoint serves. contract: "causal" or "windowed",
        where the files do not tell. views: titles of the cameras, for a robot type that has no documented
        ones. embodiment: the robot, for a robot type that is not known here. execution: how it is computed
        (`xr0.engine`); "graph" is the fastest, for weights that stay as they are. Raises FileNotFoundError or
        ValueError in one line, also where one of these is needed and not given.
        """
        options = LoadOptions(robot_type, contract, tuple(views), embodiment)
        return Policy(pretrained.load(source, options), robot_type, device, steps, execution)

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

    def infer_batch(self, requests: Sequence[Request]) -> tuple[list[np.ndarray], Timing]:
        """One answer per request, as `infer` gives it alone, whatever the lengths of sentences and prefixes.

        ValueError as `infer`, for what is wrong with a request before anything is computed.
        """
        start_s = time.perf_counter()
        rows = [self.read(request) for request in requests]
        read_ms = 1e3 * (time.perf_counter() - start_s)
        actions, timing = self.infer_rows(rows)
        return actions, replace(timing, preprocess_ms=read_ms + timing.preprocess_ms)

    @torch.no_grad()
    def infer_rows(self, rows: Sequence[Row]) -> tuple[list[np.ndarray], Timing]:
        """The second half of `infer_batch`, for requests that were read before; `Timing` is its own."""
        watch = engine.Watch(self.device)
        given = self._batch(rows)
        watch.mark()
        actions = self.execution(given, watch)
        native = self._decode(actions, given.native)
        if not all(np.isfinite(chunk).all() for chunk in native):
            raise ValueError("policy: the model answers with NaN or infinity")
        watch.mark()
        return native, Timing(*watch.spans_ms(), execution=watch.by or self.execution.name)

    def read(self, request: Request) -> Row:
        """Check, tokenize, normalise; from any thread. ValueError names what is wrong with which part."""
        native = finite_vector("state", request.state, self.embodiment.state_dim)
        prefix = self.plans.encode("prefix", self._prefix(request), native)
        tokens = self.checkpoint.processor.action(request.images, request.instruction, self.embodiment)
        with np.errstate(over="ignore"):
            state = self.stats.normalize_state(layout.encode_state(native, self.embodiment))
        check_plausible("state", state)
        guide = self.plans.encode_guide(request.guide, native)
        return Row(tokens, native, state, prefix, guide, request.seed)

    def prepare(self, requests: Sequence[Request]) -> Prepared:
        """Read them, and lay them out for the model."""
        return self._batch([self.read(request) for request in requests])

    def _batch(self, rows: Sequence[Row]) -> Prepared:
        if not rows:
            raise ValueError("policy: got no request, expected at least one")
        tokens = [row.tokens for row in rows]
        action_mask = self._tensor(self.stats.mask).expand(len(rows), -1, -1)
        grids = {tuple(row.grids) for row in tokens}
        return Prepared(
            pad_rows(tokens, self.checkpoint.processor, self.device, self.dtype),
            grids.pop() if len(grids) == 1 else None,
            np.stack([row.native for row in rows]),
            self._tensor(np.stack([row.state for row in rows])[:, None]),
            action_mask,
            torch.stack([self._noise(row.seed) for row in rows]),
            self.plans.prefix([row.prefix for row in rows]),
            self.plans.guide([row.guide for row in rows], action_mask),
        )

    def warm_up(self, largest_batch: int = 1) -> None:
        """Blank observations, alone and as many as are asked together, so that no real one is the slowest."""
        images = {c.key: np.zeros((*made_up_size(c), 3), np.uint8) for c in self.embodiment.cameras}
        state = layout.decode_state(np.zeros(self.embodiment.model_dim), self.embodiment)
        row = self.read(Request(images, state, "warm up", None, seed=0))
        self.execution.prepare(self._batch([row]), largest_batch)
        for size in {1, largest_batch}:
            self.infer_rows([row] * size)

    def metadata(self) -> dict[str, object]:
        """What a client needs to know before it moves anything."""
        checkpoint = {"name": self.checkpoint.name, "fingerprint": self.checkpoint.fingerprint}
        return {
            "embodiment": self.embodiment.to_dict(),
            "action_horizon": self.action_horizon,
            "max_prefix": self.max_prefix,
            "guidance": list(GUIDANCE),
            "execution": self.execution.name,
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


def made_up_size(camera: Camera) -> tuple[int, int]:
    """Height and width [px] that stand for a camera's: its own, as far as it has any."""
    return camera.height or BLANK_SIZE[0], camera.width or BLANK_SIZE[1]
