"""Do the tests notice when the code is wrong? Usage, from the repository's root: OUT.jsonl FOLDER ...

Breaks the files of each source folder by one small change at a time (mutants.py), in a copy of the tree, and
runs the folder's own tests until one fails. OUT grows by a line per mutant; those that it holds are not run
again: to run some again, delete their lines. mutations_table.py makes the report of it.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mutants import Mutant, mutants

SEED, SHARE = 0, 0.15
"""Of each file's mutants this share is run, drawn by the seed."""

TESTS = {
    "src/xr0/model": ["tests/model", "tests/train/test_losses.py", "tests/bench/test_parity.py"],
    "src/xr0/train": ["tests/train"],
    "src/xr0/transform": ["tests/transform"],
    "robot/src/xr0_robot/executor": ["robot/tests/executor"],
}
"""Source folder to the tests that must notice."""

OPTIONS = ["-x", "-q", "-m", "not slow and not gpu", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
COPIED = ("src", "robot", "tests", "pyproject.toml")

NOTICED = (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
"""A test fails, or a test file cannot even be imported."""


def sample(root: Path, folder: str) -> Iterator[tuple[str, Mutant]]:
    """(file, mutant): the same share of every file. A change elsewhere in a file moves no draw."""
    for path in sorted((root / folder).glob("*.py")):
        file = f"{folder}/{path.name}"
        found = sorted(mutants(path.read_text(encoding="utf-8")), key=lambda mutant: _draw(file, mutant))
        yield from ((file, mutant) for mutant in found[: round(SHARE * len(found))])


def _draw(file: str, mutant: Mutant) -> str:
    return hashlib.sha256(f"{SEED} {file} {mutant.diff}".encode()).hexdigest()


def run_tests(tree: Path, tests: list[str], limit_s: float) -> str:
    """'survived', 'killed' or 'timeout', in a fork: torch is imported once for all."""
    child = multiprocessing.get_context("fork").Process(target=_pytest, args=(tree, tests))
    child.start()
    child.join(limit_s)
    if child.is_alive():
        child.kill()
        child.join()
        return "timeout"
    if child.exitcode == pytest.ExitCode.OK:
        return "survived"
    if child.exitcode not in NOTICED:
        raise RuntimeError(f"pytest ended with {child.exitcode} on {tests}")
    return "killed"


def judge(tree: Path, folder: str, stem: str, limit_s: float) -> str:
    """As `run_tests`: first the tests of the file's name, which most mutants do not survive, then all."""
    named = [f"{place}/test_{stem}.py" for place in TESTS[folder] if (tree / place).is_dir()]
    named = [path for path in named if (tree / path).is_file()]
    if named and (outcome := run_tests(tree, named, limit_s)) != "survived":
        return outcome
    return run_tests(tree, TESTS[folder], limit_s)


def _pytest(tree: Path, tests: list[str]) -> None:
    os.chdir(tree)
    sys.path[:0] = [str(tree / "src"), str(tree / "robot/src")]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os._exit(pytest.main([*OPTIONS, *tests]))


def run_folder(tree: Path, folder: str, out: Path) -> None:
    """Every sampled mutant that `out` does not hold yet; RuntimeError if the tests fail anyway."""
    done = {(row["file"], row["diff"]) for row in rows(out)}
    todo = [(file, mutant) for file, mutant in sample(tree, folder) if (file, mutant.diff) not in done]
    began_s = time.monotonic()
    if todo and run_tests(tree, TESTS[folder], 600) != "survived":
        raise RuntimeError(f"{folder}: its tests fail on unchanged code")
    limit_s = 10 + 5 * (time.monotonic() - began_s)
    for count, (file, mutant) in enumerate(todo, 1):
        original, began_s = (tree / file).read_text(encoding="utf-8"), time.monotonic()
        (tree / file).write_text(mutant.text, encoding="utf-8")
        outcome = judge(tree, folder, Path(file).stem, limit_s)
        (tree / file).write_text(original, encoding="utf-8")
        row = {"file": file, "line": mutant.line, "operator": mutant.operator, "diff": mutant.diff}
        with out.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row | {"outcome": outcome}) + "\n")
        where, spent_s = f"{file}:{mutant.line} {mutant.operator}", time.monotonic() - began_s
        print(f"{count}/{len(todo)} {outcome} in {spent_s:.0f} s: {where}", flush=True)


def rows(out: Path) -> list[dict[str, Any]]:
    """What was run before."""
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []


def main() -> None:
    """Copy the tree, import what is slow to import, go."""
    import transformers.models.qwen3_vl.modeling_qwen3_vl  # noqa: F401, PLC0415

    sys.dont_write_bytecode = True  # a mutant of the same second and length would meet its neighbour's
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    root, out = Path.cwd(), Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in COPIED:
            copy = shutil.copytree if (root / name).is_dir() else shutil.copyfile
            copy(root / name, tree / name)
        for source in sys.argv[2:]:
            run_folder(tree, source, out)


if __name__ == "__main__":
    main()
