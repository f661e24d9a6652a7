"""A few questions of our own in the format of each of the nine benchmarks: they check the scoring offline.

python runs/vlm/fixtures.py OUT    writes OUT/TASK/test.parquet, which runs/vlm/board.py takes as --data

Columns are those of the data sets on the hub that the toolkit's tasks read. Pictures are drawn here: coloured
discs and squares in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tyro
from datasets import Dataset, Features, Image, Value
from datasets import Sequence as Many
from PIL import Image as Pictures
from PIL import ImageDraw

TEXT, WHOLE = Value("string"), Value("int64")
SIDE = 64
"""Of a shape's tile [px]."""

MMMU_PICTURES = 7
"""Columns of pictures in MMMU."""

Row = dict[str, Any]


def picture(*shapes: str) -> Pictures.Image:
    """Shapes from left to right, each "COLOUR disc" or "COLOUR square", on white."""
    image = Pictures.new("RGB", (SIDE * len(shapes), SIDE), "white")
    draw = ImageDraw.Draw(image)
    for k, (colour, form) in enumerate(shape.split() for shape in shapes):
        corners = (k * SIDE + 8, 8, (k + 1) * SIDE - 8, SIDE - 8)
        (draw.ellipse if form == "disc" else draw.rectangle)(corners, fill=colour)
    return image


def mmbench() -> tuple[list[Row], Features]:
    """Three questions, each asked again with its options turned by one place (index + 1,000,000)."""
    asked = [
        (
            "Which colour has the disc?",
            ("red", "green", "blue", "black"),
            "B",
            "attribute",
            picture("green disc"),
        ),
        (
            "Which shape is left?",
            ("disc", "square", "star", "cross"),
            "A",
            "relation",
            picture("red disc", "red square"),
        ),
        (
            "How many squares are there?",
            ("one", "two", "three", "four"),
            "C",
            "count",
            picture(*["blue square"] * 3),
        ),
    ]
    rows = []
    for index, (question, options, answer, category, image) in enumerate(asked):
        for turn in (0, 1):
            turned = options[-turn:] + options[:-turn] if turn else options
            letter = "ABCD"[turned.index(options["ABCD".index(answer)])]
            rows.append(
                {
                    "index": index + turn * 1_000_000,
                    "question": question,
                    "hint": "nan",
                    "answer": letter,
                    **dict(zip("ABCD", turned, strict=True)),
                    "category": category,
                    "L2-category": "perception",
                    "source": "drawn",
                    "comment": "nan",
                    "split": "dev",
                    "image": image,
                }
            )
    names = ("question", "hint", "answer", *"ABCD", "category", "L2-category", "source", "comment", "split")
    return rows, Features({"index": WHOLE, "image": Image(), **dict.fromkeys(names, TEXT)})


def mme() -> tuple[list[Row], Features]:
    """Pairs of a question with yes and one with no about a picture: two of perception, one of cognition."""
    asked = [
        ("color", "color/1.png", picture("red disc"), "Is the disc red?", "Is the disc blue?"),
        ("color", "color/2.png", picture("green square"), "Is the square green?", "Is the square black?"),
        (
            "count",
            "count/1.png",
            picture("red disc", "red disc"),
            "Are there two discs?",
            "Are there three discs?",
        ),
        (
            *("numerical_calculation", "numerical_calculation/1.png", picture("red disc", "red disc")),
            *("Are twice the discs four?", "Are twice the discs six?"),
        ),
    ]
    rows = [
        {"question_id": name, "image": image, "category": category, "answer": answer}
        | {"question": f"{question} Please answer yes or no."}
        for category, name, image, true, false in asked
        for question, answer in ((true, "Yes"), (false, "No"))
    ]
    names = ("question_id", "question", "answer", "category")
    return rows, Features({"image": Image(), **dict.fromkeys(names, TEXT)})


def pope() -> tuple[list[Row], Features]:
    """Is there such a thing: yes and no, three each."""
    image, names = (
        picture("red disc", "blue square"),
        ("red disc", "blue square", "disc", "star", "cross", "ring"),
    )
    rows = [
        {
            "id": str(k),
            "question_id": str(k + 1),
            "question": f"Is there a {name} in the image?",
            "answer": "yes" if k < 3 else "no",
            "image_source": "drawn",
            "image": image,
            "category": "random",
        }
        for k, name in enumerate(names)
    ]
    columns = ("id", "question_id", "question", "answer", "image_source", "category")
    return rows, Features({"image": Image(), **dict.fromkeys(columns, TEXT)})


def seedbench() -> tuple[list[Row], Features]:
    """Three questions about a picture and one about frames of a film."""
    red, row = picture("red disc"), picture("red disc", "blue square")
    asked = [
        ([red], "image", "Which colour has the disc?", ("red", "green", "blue", "black"), "A"),
        ([row], "image", "What is right?", ("a disc", "a star", "a square", "a cross"), "C"),
        ([row], "image", "How many shapes are there?", ("one", "two", "three", "four"), "B"),
        ([red, row], "video", "What appears?", ("a star", "a square", "a disc", "nothing"), "B"),
    ]
    rows = [
        {
            "question_id": str(k),
            "image": images,
            "data_type": kind,
            "question": question,
            **dict(zip(("choice_a", "choice_b", "choice_c", "choice_d"), options, strict=True)),
            "answer": answer,
            "data_id": str(k),
            "question_type_id": 1,
            "segment": [],
        }
        for k, (images, kind, question, options, answer) in enumerate(asked)
    ]
    names = ("question_id", "data_type", "question", "answer", "data_id")
    options = ("choice_a", "choice_b", "choice_c", "choice_d")
    features = {"image": Many(Image()), "question_type_id": WHOLE, "segment": Many(WHOLE)}
    return rows, Features({**features, **dict.fromkeys((*names, *options), TEXT)})


def ai2d() -> tuple[list[Row], Features]:
    """Four questions; the answer is the option's number, as text."""
    image = picture("red disc", "blue square", "green disc")
    asked = [
        ("What is in the middle?", ("disc", "square", "star"), "1"),
        ("Which colour is left?", ("red", "blue", "green", "black"), "0"),
        ("Which colour is right?", ("red", "blue", "green", "black"), "2"),
        ("How many discs are there?", ("one", "two", "three", "four"), "1"),
    ]
    rows = [{"question": q, "options": list(o), "answer": a, "image": image} for q, o, a in asked]
    return rows, Features({"question": TEXT, "options": Many(TEXT), "answer": TEXT, "image": Image()})


def mmmu() -> tuple[list[Row], Features]:
    """Two subjects: choices, an open question with a number and one with a word; one has two pictures."""
    red, blue = picture("red disc"), picture("blue square")
    asked = [
        ("validation_Art_1", "Which colour has <image 1>?", ["red", "blue", "green", "black"], "A", [red]),
        (
            "validation_Art_2",
            "What do <image 1> and <image 2> share?",
            ["colour", "form", "size", "nothing"],
            "C",
            [red, blue],
        ),
        ("validation_Math_1", "Count the squares in <image 1>.", [], "3", [picture(*["blue square"] * 3)]),
        ("validation_Math_2", "Name the colour of <image 1>.", [], "blue", [blue]),
    ]
    rows = []
    for name, question, options, answer, images in asked:
        given = {f"image_{k}": image for k, image in enumerate(images, start=1)}
        rows.append(
            {f"image_{k}": None for k in range(1, MMMU_PICTURES + 1)}
            | {
                "id": name,
                "question": question,
                "options": str(options),
                "explanation": "",
                "answer": answer,
                "img_type": "['Diagrams']",
                "topic_difficulty": "Easy",
                "question_type": "multiple-choice" if options else "open",
                "subfield": "Shapes",
            }
            | given
        )
    names = (
        "id",
        "question",
        "options",
        "explanation",
        "answer",
        "img_type",
        "topic_difficulty",
        "question_type",
    )
    pictures = {f"image_{k}": Image() for k in range(1, MMMU_PICTURES + 1)}
    return rows, Features({**dict.fromkeys((*names, "subfield"), TEXT), **pictures})


def scienceqa() -> tuple[list[Row], Features]:
    """Four questions; the answer is the option's number."""
    image = picture("green square", "red disc")
    asked = [
        ("Which shape is round?", ["the left one", "the right one"], 1, ""),
        ("Which colour has the square?", ["red", "green", "blue"], 1, "A square has four corners."),
        ("How many corners does the left shape have?", ["none", "three", "four"], 2, ""),
        ("Which colour has the disc?", ["red", "green"], 0, ""),
    ]
    names = (
        "question",
        "hint",
        "task",
        "grade",
        "subject",
        "topic",
        "category",
        "skill",
        "lecture",
        "solution",
    )
    rows = [
        {**dict.fromkeys(names, ""), "image": image, "question": q, "choices": c, "answer": a, "hint": h}
        for q, c, a, h in asked
    ]
    features = {"image": Image(), "choices": Many(TEXT), "answer": Value("int8")}
    return rows, Features({**features, **dict.fromkeys(names, TEXT)})


def mathvista() -> tuple[list[Row], Features]:
    """A choice, an integer and two decimal numbers."""
    image = picture("red disc", "red disc", "blue square", "blue square")
    asked = [
        ("multi_choice", "text", "Which share is red?", ["1/4", "1/2", "3/4"], "1/2", None),
        ("free_form", "integer", "How many shapes are there?", None, "4", None),
        ("free_form", "float", "Which share of the shapes is square?", None, "0.5", 1.0),
        ("free_form", "float", "How many shapes are there for each colour?", None, "2.0", 1.0),
    ]
    kinds = ("category", "context", "grade", "language", "source", "split", "task")
    metadata = {**dict.fromkeys(kinds, "drawn"), "split": "testmini", "img_height": 64, "img_width": 256}
    rows = [
        {
            "pid": str(k + 1),
            "question": question,
            "image": f"images/{k + 1}.png",
            "decoded_image": image,
            "choices": choices,
            "unit": None,
            "precision": precision,
            "answer": answer,
            "question_type": kind,
            "answer_type": form,
            "metadata": {**metadata, "skills": ["arithmetic reasoning"]},
            "query": question,
        }
        for k, (kind, form, question, choices, answer, precision) in enumerate(asked)
    ]
    names = ("pid", "question", "image", "unit", "answer", "question_type", "answer_type", "query")
    about = {**dict.fromkeys(kinds, TEXT), "img_height": WHOLE, "img_width": WHOLE, "skills": Many(TEXT)}
    features = {
        "decoded_image": Image(),
        "choices": Many(TEXT),
        "precision": Value("float64"),
        "metadata": about,
    }
    return rows, Features({**features, **dict.fromkeys(names, TEXT)})


def erqa() -> tuple[list[Row], Features]:
    """Four questions to a robot, one about two pictures; options stand in the question."""
    red, row = picture("red disc"), picture("red disc", "blue square")
    asked = [
        ("Spatial Reasoning", "Which shape is nearer to the right edge?", ("disc", "square"), "B", [row]),
        ("Spatial Reasoning", "Where must the gripper move for the disc?", ("left", "right"), "A", [row]),
        (
            "Action Reasoning",
            "What was placed between the first picture and the second?",
            ("disc", "square"),
            "B",
            [red, row],
        ),
        ("State Estimation", "Is the table empty?", ("yes", "no"), "B", [red]),
    ]
    rows = [
        {
            "question_id": f"ERQA_{k}",
            "question": f"{q} Choices: A. {a}. B. {b}. Answer with the letter only.",
            "question_type": kind,
            "answer": answer,
            "visual_indices": [0] * len(images),
            "images": images,
        }
        for k, (kind, q, (a, b), answer, images) in enumerate(asked)
    ]
    names = ("question_id", "question", "question_type", "answer")
    features = {"visual_indices": Many(WHOLE), "images": Many(Image())}
    return rows, Features({**features, **dict.fromkeys(names, TEXT)})


FIXTURES = {
    "mmbench_en_dev_static": mmbench,
    "mme": mme,
    "pope": pope,
    "seedbench": seedbench,
    "ai2d": ai2d,
    "mmmu_val": mmmu,
    "scienceqa_img": scienceqa,
    "mathvista_testmini_cot_reasoning": mathvista,
    "erqa": erqa,
}


def write(out: Path, tasks: Sequence[str] = tuple(FIXTURES)) -> None:
    """OUT/TASK/test.parquet of each."""
    for task in tasks:
        rows, features = FIXTURES[task]()
        (out / task).mkdir(parents=True)
        Dataset.from_list(rows, features=features).to_parquet(str(out / task / "test.parquet"))


def main(out: tyro.conf.Positional[Path]) -> None:
    """The fixtures of all nine, in a new folder."""
    write(out)


if __name__ == "__main__":
    tyro.cli(main)
