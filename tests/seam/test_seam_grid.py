"""The grid: whole, resumable, and open to a method of one's own."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from xr0.cli.main import run as xr0
from xr0.seam import grid, probe, table
from xr0.seam.cell import Cell, Condition, measure
from xr0.seam.checkpoint import SeamCheckpoint
from xr0.seam.grid import FULL, PASS_CONDITION, QUICK, Grid, Places
from xr0.seam.methods import ENTRIES, Entry
from xr0.seam.policy import SeamPolicy
from xr0.seam.probe import Reference
from xr0.seam.publish import publish
from xr0.seam.train import VARIANTS, Effort
from xr0_robot.executor.methods import Naive

TINY = Effort(base_steps=2, variant_steps=2, head_steps=2, episodes=1, head_chunks=2, batch=5)
ISSUED = (
    "sync naive ensemble blend seam_decay rtc rtc_free prefix lambda_paper lambda_released vlash a2c2 "
    "lambda_a2c2"
)


def my_method():
    path = Path(__file__).parents[2] / "docs/my_method.py"
    spec = importlib.util.spec_from_file_location("my_method", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["my_method"] = module  # its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


def test_all_methods_are_there_under_their_names() -> None:
    assert set(ISSUED.split()) < set(ENTRIES) and FULL.methods == tuple(ENTRIES)
    assert {entry.variant for entry in ENTRIES.values()} == set(VARIANTS)


def test_the_full_grid_is_as_promised() -> None:
    steady = [c.delay for c in FULL.conditions if c.regime == "steady"]
    assert steady == [0, 1, 2, 4, 6, 8, 12]
    assert {c.regime for c in FULL.conditions} == {"steady", "lognormal", "spikes"}
    seeds = [seed for k in FULL.training_seeds for seed in FULL.seeds(k)]
    assert len(seeds) == len(set(seeds)) == 200 and min(seeds) >= 1_000_000
    assert len({cell.file for cell in FULL.cells()}) == len(FULL.cells())
    assert max(QUICK.seeds(0)) < 1_000_000


def measured(untrained: SeamCheckpoint, method: str, condition: Condition, entry: Entry) -> dict:
    policy = SeamPolicy(untrained)
    cell = Cell(policy.robot.task, method, condition, 0)
    result = measure(cell, entry, policy, Reference.of(policy), range(500_000, 500_002))
    return json.loads(json.dumps(grid.report.plain(result)))


def test_a_cell_becomes_a_row_with_all_that_is_promised(untrained: SeamCheckpoint) -> None:
    """Of the policy itself the sensitivity to what is seen is 1, and to a plan that it is not told 0."""
    module = my_method()
    name, entry = next(iter(module.MINE.items()))
    cell = measured(untrained, name, PASS_CONDITION, entry)
    cells = [cell, {**cell, "cell": {**cell["cell"], "task": "gate"}}]  # as if another task did as well
    content = table.content(table.rows(cells, (name,)))
    rows = {row["task"]: row for row in content["rows"]}
    assert set(rows) == {"gate", "intercept", "all"} and content["default_method"] in ENTRIES
    for row in rows.values():
        assert (row["method"], row["delay"], row["regime"]) == ("cross_fade", 6, "lognormal")
        for figure in ("success_rate", "seam_ratio", "reaction_ticks", "observation_sensitivity"):
            assert row[figure]["low"] <= row[figure]["mean"] <= row[figure]["high"]
        assert row["observation_sensitivity"]["mean"] == pytest.approx(1.0, abs=1e-3)
    assert max(rows["gate"]["prefix_sensitivity_by_tick"]) == 0.0
    assert "| cross_fade |" in table.markdown(content["rows"])


def test_the_example_passes_from_one_chunk_to_the_other() -> None:
    """By hand: three ticks between 0 and 4."""
    import numpy as np

    from xr0_robot.executor.strategy import Handover
    from xr0_robot.sims.seam.gate import Gate

    old, fresh = np.zeros((2, 2)), np.full((5, 2), 4.0)
    handover = Handover(fresh, lambda n: old[:n], (), old[0], Gate.embodiment)
    joined = my_method().CrossFade(ticks=3).join(handover)
    assert joined[:, 0].tolist() == [1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_prefix_that_is_held_shows_in_the_probe(untrained: SeamCheckpoint) -> None:
    """The rows that are committed move with the plan, one to one."""
    policy = SeamPolicy(untrained)
    found = probe.sensitivity(ENTRIES["lambda_paper"].strategy, policy, Reference.of(policy), 4)
    assert found["shifted"][:, :4] == pytest.approx(found["shift"], rel=1e-3)
    assert found["observed"][:, :4].max() == 0 < found["observed"][:, 4:].min()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    """From nothing to results, by processes; the second run only reads."""
    small = Grid(
        ("naive", "lambda_a2c2", "reflex"), (PASS_CONDITION,), (0,), 2, 500_000, TINY, tasks=("intercept",)
    )
    places = Places(tmp_path / "policies", tmp_path / "cells")
    said: list[str] = []
    grid.run(small, ENTRIES, places, 2, said.append)
    assert sum("cells: 3 of 3" in line for line in said) == 1
    assert len(grid.read(small, places.cells)) == 3
    said.clear()
    grid.run(small, ENTRIES, places, 2, said.append)
    assert not any("cells" in line for line in said)
    with pytest.raises(ValueError, match="another grid"):
        grid.run(replace(small, episodes=3), ENTRIES, places, 1, said.append)


def test_a_run_that_is_stopped_has_the_tables_of_what_was_whole(
    untrained: SeamCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Condition(2, "steady")
    asked = Grid(("naive",), (whole, PASS_CONDITION), (0,), 2, 500_000, TINY, tasks=("intercept",))

    def stopped(part: Grid, _: object, places: Places, *__: object) -> None:
        if part.conditions != (whole,):
            raise KeyboardInterrupt
        cell = Cell("intercept", "naive", whole, 0)
        grid.report.write(places.cells / cell.file, measured(untrained, "naive", whole, ENTRIES["naive"]))

    monkeypatch.setattr(grid, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        publish(asked, ENTRIES, tmp_path / "seam.json", tmp_path / "policies", 1)
    rows = json.loads((tmp_path / "seam.json").read_text())["rows"]
    assert [(row["task"], row["delay"], row["regime"]) for row in rows] == [
        ("all", 2, "steady"),
        ("intercept", 2, "steady"),
    ]
    rate = round(100 * rows[0]["success_rate"]["mean"])
    assert f"by delay in ticks | 2 |\n|---|---|\n| naive | {rate} |\n" in (tmp_path / "seam.md").read_text()


def test_success_is_told_for_every_condition_in_order() -> None:
    def row(method: str, delay: int, regime: str, rate: float) -> dict:
        about = {"task": "all", "method": method, "delay": delay, "regime": regime}
        return {**about, "success_rate": {"mean": rate}}

    rows = [row("naive", 6, "spikes", 0.4), row("naive", 12, "steady", 0.5), row("naive", 2, "steady", 0.9)]
    rows += [row("prefix", 12, "steady", 0.25), {**rows[0], "task": "gate"}]
    assert table.by_condition(rows) == (
        "| success in %, by delay in ticks | 2 | 12 | 6, spikes |\n|---|---|---|---|\n"
        "| naive | 90 | 50 | 40 |\n| prefix |  | 25 |  |\n"
    )


def test_an_unknown_method_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="methods: got nothing, expected some of sync"):
        xr0(["seam", "--quick", "--json", str(tmp_path / "x.json"), "--methods", "naive", "nothing"])
    assert list(tmp_path.iterdir()) == []


def test_a_question_that_says_nothing_of_the_plan_is_not_moved_by_it(untrained: SeamCheckpoint) -> None:
    policy = SeamPolicy(untrained)
    found = probe.sensitivity(Naive(10), policy, Reference.of(policy), 4)
    assert found["shifted"].max() == 0.0 and (found["observed"] == found["observed_free"]).all()


@pytest.mark.parametrize("method", ["rtc", "rtc_free", "vlash"])
def test_what_is_told_of_the_plan_in_other_ways_shows_too(untrained: SeamCheckpoint, method: str) -> None:
    policy = SeamPolicy(untrained)
    found = probe.sensitivity(ENTRIES[method].strategy, policy, Reference.of(policy), 4)
    assert found["shifted"][:, 4:].max(1).min() > 0
