"""A VLM's scores, by lmms-eval: runs/vlm.sh CHECKPOINT --json OUT

Runs in data/vlm, which runs/vlm.sh makes. Every number is written with toolkit, version and prompt.
"""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import tyro
from lmms_eval.api.task import ConfigurableMessagesTask
from lmms_eval.evaluator import simple_evaluate
from lmms_eval.tasks import TaskManager
from lmms_eval.utils import load_yaml_config
from plain_qwen import PlainQwen
from scores import Score, select, table, tasks

from xr0.checkpoints import convert, pretrained, tensors, weights
from xr0.checkpoints.folder import CONFIG, read_json
from xr0.checkpoints.qwen import MODEL_TYPE
from xr0_robot import report

TOOLKIT = "lmms-eval"
PROMPTS_OF = "qwen3_vl"
"""The model of the toolkit whose wordings are used where a task has several."""

OURS = Path(__file__).parent / "tasks"

NO_JUDGE = {"API_TYPE": "dummy", "USE_LLM_JUDGE": "False"}
"""The toolkit's tasks read it as they are loaded: no language model is asked what an answer means."""


def main(
    checkpoint: tyro.conf.Positional[str],
    *,
    json: Path,
    tasks: tuple[str, ...] = (),
    data: Path | None = None,
    limit: int | None = None,
    batch: int = 8,
    longest: int = 4096,
    device: str = "cpu",
    max_pixels: int | None = None,
) -> None:
    """A VLM's scores on the nine benchmarks, or on `tasks`.

    Args:
        checkpoint: a folder of either layout, a .pt file, a plain Qwen3-VL, or a name on the hub.
        json: results file; a table is written beside it.
        tasks: which of the board's; all nine benchmarks unless named.
        data: folder with TASK/*.parquet; without it the toolkit's own place on the hub.
        limit: questions of each task; a score of a part is none to compare.
        batch: questions at a time.
        longest: tokens of an answer, where a task allows more.
        device: cpu, or cuda.
        max_pixels: of a picture; as the checkpoint says unless given.
    """
    chosen = select(tasks)
    with tempfile.TemporaryDirectory() as scratch:
        name, folder = plain(checkpoint, Path(scratch) / "vlm")
        model = PlainQwen(folder, device, batch, longest, max_pixels)
        about = {
            "what": "vlm",
            "model": {
                "name": name,
                "fingerprint": weights.fingerprint(tensors.files(tensors.find(folder))),
                "dtype": str(model.brain.dtype).removeprefix("torch."),
                "images": vars(model.spec),
            },
            "toolkit": {"name": TOOLKIT, "version": metadata.version(TOOLKIT)},
            "device": device,
            "limit": limit,
            "longest": longest,
            "written": report.now(),
            "code": report.code(),
            "machine": report.machine(),
            "versions": report.versions(),
        }
        found = evaluate(model, chosen, data, limit)
    report.write(json, about | found | {"prompts": model.prompts})
    json.with_suffix(".md").write_text(table(read_json(json)), encoding="utf-8")
    print(table(read_json(json)))


def plain(checkpoint: str, scratch: Path) -> tuple[str, Path]:
    """Name and folder of its plain Qwen3-VL: itself, or a conversion in `scratch`."""
    folder, _ = pretrained.locate(checkpoint)
    if read_json(folder / CONFIG).get("model_type") == MODEL_TYPE:
        return folder.resolve().name, folder
    convert.to_vlm(checkpoint, scratch)
    return folder.resolve().name, scratch


def evaluate(model: Any, chosen: Sequence[Score], data: Path | None, limit: int | None) -> dict[str, Any]:
    """Scores, and every answer beside the true one, of a model of lmms-eval, whose weights it lets go of."""
    os.environ.update(NO_JUDGE)
    manager = TaskManager("WARNING", include_path=str(OURS), model_name=PROMPTS_OF)
    with tempfile.TemporaryDirectory() as scratch:
        found = simple_evaluate(
            model,
            tasks=[load(manager, name, data) for name in tasks(chosen)],
            task_manager=manager,
            limit=limit,
            bootstrap_iters=0,
            process_docs_parallel=1,  # in order: for an answer that it cannot read, MMMU draws one
            cli_args=Namespace(output_path=scratch, process_with_media=False),
        )
    counts = {name: found["n-samples"][name]["effective"] for name in tasks(chosen)}
    scores = [
        vars(score) | {"score": scaled(score, found["results"]), "questions": counts[score.task]}
        for score in chosen
    ]
    answers = {
        name: [
            {"question": sample["doc_id"], "answer": sample["resps"][0][0], "target": sample["target"]}
            for sample in found["samples"][name]
        ]
        for name in tasks(chosen)
    }
    return {"scores": scores, "answers": answers}


def scaled(score: Score, results: Mapping[str, Any]) -> float | None:
    """The number as it is published; None where, of a part of the questions, none was of its kind."""
    value = results[score.task].get(score.key)
    return None if value is None else score.scale * float(value)


def load(manager: TaskManager, name: str, data: Path | None) -> ConfigurableMessagesTask:
    """A task of the toolkit; with `data`, the same but for where its questions lie.

    FileNotFoundError names the folder that has none.
    """
    config = load_yaml_config(manager.task_index[name]["yaml_path"])
    if data is not None:
        files = sorted(str(path) for path in (data / name).glob("*.parquet"))
        if not files:
            raise FileNotFoundError(f"data: no file {data / name}/*.parquet")
        place = {"data_files": {config["test_split"]: files}}
        config |= {"dataset_path": "parquet", "dataset_name": None, "dataset_kwargs": place}
    return ConfigurableMessagesTask(config=config, model_name=PROMPTS_OF)


if __name__ == "__main__":
    tyro.cli(main)
