"""Conversations of `xr0 data demos` as lmms-eval's tasks bricks_questions and bricks_grounding.

python runs/vlm/brick_questions.py CONVERSATIONS OUT
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tyro
from datasets import Dataset, Features, Image, Value

from xr0.bench import places
from xr0.data.language import open_language
from xr0.data.vision_language import Conversation

FEATURES = Features({"image": Image(), "question": Value("string"), "answer": Value("string")})


def rows(conversations: Sequence[Conversation]) -> dict[str, list[dict[str, Any]]]:
    """For each task its questions, with the picture's bytes. ValueError for other than one question about one
    picture."""
    found: dict[str, list[dict[str, Any]]] = {"bricks_questions": [], "bricks_grounding": []}
    for conversation in conversations:
        if [m.role for m in conversation.messages] != ["user", "assistant"] or len(
            conversation.pictures
        ) != 1:
            raise ValueError(f"{conversation.where}: expected one question about one picture")
        question, answer = ("".join(part or "" for part in m.parts) for m in conversation.messages)
        task = "bricks_questions" if places.asked(conversation) is None else "bricks_grounding"
        image = {"bytes": conversation.pictures[0].read(), "path": None}
        found[task].append({"image": image, "question": question, "answer": answer})
    return found


def main(
    conversations: tyro.conf.Positional[str], out: tyro.conf.Positional[Path], *, count: int = 400
) -> None:
    """The tasks' questions, in OUT/TASK/test.parquet.

    Args:
        conversations: a folder, .jsonl file or NAME-{000000..000007}.tar.
        out: new folder.
        count: how many conversations, evenly spaced.
    """
    data = open_language(conversations).conversations
    few = [data[k * len(data) // count] for k in range(count)] if count < len(data) else list(data)
    for task, questions in rows(few).items():
        (out / task).mkdir(parents=True)
        Dataset.from_list(questions, features=FEATURES).to_parquet(str(out / task / "test.parquet"))
        print(f"{task}: {len(questions)}")


if __name__ == "__main__":
    tyro.cli(main)
