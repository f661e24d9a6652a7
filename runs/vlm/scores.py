"""The VLM board: which task of lmms-eval stands for a benchmark, and which of its numbers is the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JUDGED = "rules of the toolkit; published scores may have been read by a language model"


@dataclass(frozen=True)
class Score:
    """One number of a task. key: "metric,filter" among the toolkit's results; scale: to what is published;
    note: where its rules are not the usual ones."""

    benchmark: str
    task: str
    key: str
    scale: float = 100.0
    unit: str = "%"
    note: str = ""


NINE = (
    Score("MMBench, English, dev", "mmbench_en_dev_static", "gpt_eval_score,none", 1.0, note=JUDGED),
    Score("MME, perception", "mme", "mme_perception_score,none", 1.0, "of 2000"),
    Score("MME, cognition", "mme", "mme_cognition_score,none", 1.0, "of 800"),
    Score("POPE, accuracy", "pope", "pope_accuracy,none"),
    Score("POPE, F1", "pope", "pope_f1_score,none"),
    Score("SEED-Bench, images", "seedbench", "seed_image,none"),
    Score("AI2D", "ai2d", "exact_match,flexible-extract"),
    Score("MMMU, validation", "mmmu_val", "mmmu_acc,none"),
    Score("ScienceQA, with pictures", "scienceqa_img", "exact_match,none"),
    Score("MathVista, testmini", "mathvista_testmini_cot_reasoning", "acc_score,none", note=JUDGED),
    Score("ERQA", "erqa", "erqa_acc,none"),
)
"""Tasks whose scores need no judge: where a benchmark's usual task asks one, its twin that goes by rules."""

BRICKS = (
    Score("brick table, questions", "bricks_questions", "right,none"),
    Score("brick table, places", "bricks_grounding", "right,none"),
)
"""Ours: runs/vlm/tasks."""


def tasks(scores: Sequence[Score]) -> tuple[str, ...]:
    """Their tasks, each once."""
    return tuple(dict.fromkeys(score.task for score in scores))


def select(names: Sequence[str]) -> tuple[Score, ...]:
    """The scores of these tasks, or of the nine; ValueError names one that is not here."""
    known = tasks((*NINE, *BRICKS))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"tasks: got {unknown}, expected some of {', '.join(known)}")
    return tuple(score for score in (*NINE, *BRICKS) if score.task in names) if names else NINE


def table(found: Mapping[str, Any]) -> str:
    """Of a results file: every score with its task and prompt, under the model and the toolkit."""
    kit, model, versions = found["toolkit"], found["model"], found["versions"]
    used = (
        f"{kit['name']} {kit['version']}, transformers {versions['transformers']}, torch {versions['torch']}"
    )
    size = "{min_pixels} to {max_pixels} px, patches of {patch} px".format(**model["images"])
    measured = f"{found['machine']['cpu']}, {found['device']}, {found['written'][:10]}, code {found['code']}"
    lines = [
        f"{model['name']} ({model['fingerprint']}), {model['dtype']}; pictures of {size}; greedy, at most "
        f"{found['longest']} tokens; no system message but a task's. {used}; {measured}.",
        "",
        "| benchmark | score | questions | task of the toolkit | the first question, as it was put |",
        "|---|---|---|---|---|",
    ]
    for row in found["scores"]:
        note = f" ({row['note']})" if row["note"] else ""
        score = "-" if row["score"] is None else f"{row['score']:.1f} {row['unit']}"
        task = f"`{row['task']}`, `{row['key']}`{note}"
        prompt = cell(found["prompts"][row["task"]])
        lines.append(f"| {row['benchmark']} | {score} | {row['questions']} | {task} | {prompt} |")
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """A text as a cell of a table."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
    return escaped.replace("\n", "<br>")
