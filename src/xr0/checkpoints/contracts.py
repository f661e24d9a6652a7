"""Which inference contract a checkpoint's weights were trained for, and how it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from xr0.checkpoints import weights
from xr0.checkpoints.options import LoadOptions
from xr0.config import CAUSAL, CONTRACTS, WINDOWED, Contract
from xr0_robot.released import RELEASED, UNDOCUMENTED

EXTRA = "xr0"
"""Entry of a released layout's config.json for what only folders written here say."""

TRAINER_KEYS = {"ds_version", "global_steps"}
"""Entries of a .pt file that the released post-training code's trainer writes and its start file lacks."""


def contract_of(
    config: Mapping[str, Any], types: Mapping[str, Any], source: Path, options: LoadOptions
) -> tuple[Contract | None, str]:
    """The contract to load with, and how it is known; None where neither files nor user tell.

    bfloat16 weights saw a rotary table that went through bfloat16 (see `vlm.set_rope`), float32 ones did not.
    """
    contract, known = known_contract(config, types, source)
    if options.contract is not None:
        contract = named_contract(options.contract, contract if EXTRA in config else None)
        known = "named by the user"
    if contract is not None and EXTRA not in config:
        contract = replace(contract, rounded_rope=stored_dtype(source) != torch.float32)
    return contract, known


def known_contract(
    config: Mapping[str, Any], types: Sequence[str] | Mapping[str, Any], source: Path
) -> tuple[Contract | None, str]:
    """The contract that the files give away, and how; None where they do not."""
    if EXTRA in config:
        try:
            return Contract.from_dict(config[EXTRA]["contract"]), "stored in config.json"
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"checkpoint: config.json: entry {EXTRA!r} holds no contract ({error})"
            ) from error
    if source.is_file():
        if TRAINER_KEYS & set(weights.load_pt(source)):
            return WINDOWED, "written by the released post-training code, which always trains with the window"
        return (
            None,
            "a .pt file without the trainer's entries may be its start (causal) or its result (windowed)",
        )
    if set(types) <= {*RELEASED, *UNDOCUMENTED}:
        return CAUSAL, f"robot types of a released checkpoint: {', '.join(types)}"
    return None, f"robot types {', '.join(types)} are of no released checkpoint, so the contract is not known"


def stored_dtype(source: Path) -> torch.dtype:
    """Of the first tensor: weights have one dtype throughout."""
    return next(iter(weights.read(source).values())).dtype


def named_contract(name: str, stored: Contract | None) -> Contract:
    """By its name; ValueError for an unknown one, or one that is not what the checkpoint has stored."""
    found = [contract for contract in CONTRACTS if contract.name == name]
    if not found:
        raise ValueError(f"contract: got {name!r}, expected {contract_names()}")
    if stored is not None and stored.name != name:
        raise ValueError(f"contract: got {name!r}, but the checkpoint has stored {stored.name!r}")
    return stored or found[0]


def contract_names() -> str:
    """What `--contract` takes."""
    return "|".join(contract.name for contract in CONTRACTS)
