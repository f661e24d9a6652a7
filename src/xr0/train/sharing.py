"""How processes share a stage: each has all of it (DDP), or a part of every block (FSDP2)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, TypeVar, cast

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from xr0.model import vlm
from xr0.model.dit import DiT
from xr0.train.distributed import World
from xr0.train.settings import TrainSettings

Stage = TypeVar("Stage", bound=nn.Module)


class Shared(Generic[Stage]):
    """A stage, run by the processes of a world together.

    stage: the caller's own module, whose parameters are from now on this process's part of them.
    """

    def __init__(self, stage: Stage, settings: TrainSettings, world: World) -> None:
        cast_weights(stage, settings.precision)
        self.stage, self.world = stage, world
        self.sharded = world.size > 1 and settings.execution.shard == "fsdp"
        self._bf16 = settings.precision == "bf16"
        if self.sharded:
            self._empty = without_weights(stage)
            shard(stage, world, self._bf16)
        else:
            stage.to(world.device)
        alone = world.size == 1 or self.sharded
        self._call = stage if alone else DistributedDataParallel(stage, gradient_as_bucket_view=True)

    def forward(self, arguments: tuple[Any, ...]) -> dict[str, torch.Tensor]:
        """The stage's losses, with a graph that ends in gradients averaged over the processes."""
        with self._autocast():
            return self._call(*arguments)

    @torch.no_grad()
    def evaluate(self, arguments: tuple[Any, ...]) -> dict[str, torch.Tensor]:
        """The stage's losses, without a graph. Every process must call it."""
        with self._autocast():
            losses = self.stage(*arguments)
        if isinstance(self.stage, FSDPModule):
            self.stage.reshard()  # the root keeps its gathered weights after a forward; they may change
        return losses

    @contextmanager
    def averaging(self, gradients: bool) -> Iterator[None]:
        """Whether what is done inside averages gradients over the processes, or only adds them up."""
        if isinstance(self.stage, FSDPModule):
            self.stage.set_requires_gradient_sync(gradients)
        adding = isinstance(self._call, DistributedDataParallel) and not gradients
        with cast(DistributedDataParallel, self._call).no_sync() if adding else nullcontext():
            yield

    def whole(self) -> Stage:
        """The stage with all its weights, on the main process. Every process must call it."""
        if not self.sharded:
            return self.stage
        fill(self._empty, self.stage, self.world)
        return self._empty

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.world.device.type, torch.bfloat16, enabled=self._bf16)


def cast_weights(stage: nn.Module, precision: str) -> None:
    """float32, but for frozen parameters in "bf16": nothing is added to them, so bfloat16 will do."""
    for parameter in stage.parameters():
        low = precision == "bf16" and not parameter.requires_grad
        parameter.data = parameter.data.to(torch.bfloat16 if low else torch.float32)


def shard(stage: nn.Module, world: World, bf16: bool) -> None:
    """Cut every parameter over the processes; a block's are gathered only while it runs.

    With bf16 the blocks are gathered and run in bfloat16; what lies around them (embeddings, time,
    projectors) stays as it is stored.
    """
    mesh = init_device_mesh(world.device.type, (world.size,))
    low = torch.bfloat16 if bf16 else None
    policy = MixedPrecisionPolicy(low, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for block in blocks(stage):
        fully_shard(block, mesh=mesh, mp_policy=policy)
    around = MixedPrecisionPolicy(reduce_dtype=torch.float32, cast_forward_inputs=False)
    fully_shard(stage, mesh=mesh, mp_policy=around)


def blocks(stage: nn.Module) -> list[nn.Module]:
    """The layers of all its transformers, but for the last of the language model: `prefill` reads its
    projections without running it."""
    found: list[nn.Module] = []
    for module in stage.modules():
        if isinstance(module, DiT):
            found += module.layers
        elif isinstance(module, vlm.Qwen3VL):
            model: Any = module.model
            found += [*model.visual.blocks, *model.language_model.layers[:-1]]
    return found


def without_weights(stage: Stage) -> Stage:
    """A copy whose parameters have shapes and no memory."""
    empty = {
        id(p): nn.Parameter(torch.empty_like(p, device="meta"), p.requires_grad) for p in stage.parameters()
    }
    return copy.deepcopy(stage, cast(dict[int, Any], empty))


def fill(empty: nn.Module, stage: nn.Module, world: World) -> None:
    """Gather the weights of a sharded stage into its empty copy, on the main process; tied ones stay tied."""
    whole: dict[nn.Parameter, nn.Parameter] = {}
    for place, part in zip(empty.parameters(), stage.parameters(), strict=True):
        value = cast(DTensor, part.detach()).full_tensor()
        if world.main:
            whole[place] = nn.Parameter(value.cpu(), part.requires_grad)
    if not world.main:
        return
    for module in empty.modules():
        for name, place in list(module.named_parameters(recurse=False, remove_duplicate=False)):
            setattr(module, name, whole[place])
    for mine, theirs in zip(empty.buffers(), stage.buffers(), strict=True):
        mine.copy_(theirs)
