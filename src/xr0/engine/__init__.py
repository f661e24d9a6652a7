"""How an inference is executed: as released, layer by layer, or with all work removed that can be."""

from __future__ import annotations

from typing import get_args

from xr0.config import ExecutionName
from xr0.engine.execution import Eager, Execution, Model
from xr0.engine.graph import Graph
from xr0.engine.prepared import Prepared, Watch
from xr0.engine.reference import Reference

__all__ = ["Execution", "Model", "Prepared", "Watch", "execution"]


def execution(name: ExecutionName, model: Model) -> Execution:
    """The named one, for a model whose weights stay as they are; ValueError for another name."""
    match name:
        case "reference":
            return Reference(model)
        case "eager":
            return Eager(model)
        case "graph":
            return Graph(model)
    raise ValueError(f"execution: got {name!r}, expected one of {', '.join(get_args(ExecutionName))}")
