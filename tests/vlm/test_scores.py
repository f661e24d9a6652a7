"""What of the VLM board needs no toolkit: its scores, how an answer about the bricks is judged, the table."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs/vlm"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs/vlm/tasks"))

import bricks
from scores import BRICKS, NINE, select, table, tasks


def test_the_nine_are_asked_unless_others_are_named() -> None:
    assert len(tasks(select(()))) == 9
    assert select(("mme",)) == NINE[1:3]
    assert select(("bricks_grounding", "pope")) == (*NINE[3:5], BRICKS[1])
    with pytest.raises(ValueError, match=r"got \['imagenet'\], expected some of mmbench_en_dev_static, mme"):
        select(("imagenet",))


@pytest.mark.parametrize(
    ("true", "said", "right"),
    [
        ('{"point_2d": [500, 300], "label": "red brick"}', '{"point_2d": [530, 340], "label": "any"}', True),
        (
            '{"point_2d": [500, 300], "label": "red brick"}',
            '{"point_2d": [531, 340], "label": "red brick"}',
            False,
        ),
        ('{"bbox_2d": [0, 0, 100, 100], "label": "a"}', '{"bbox_2d": [0, 0, 100, 50], "label": "a"}', True),
        ('{"bbox_2d": [0, 0, 100, 100], "label": "a"}', '{"bbox_2d": [0, 0, 100, 49], "label": "a"}', False),
        ('{"bbox_2d": [0, 0, 100, 100], "label": "a"}', '{"point_2d": [50, 50], "label": "a"}', False),
        ('{"bbox_2d": [0, 0, 100, 100], "label": "a"}', "It is there.", False),
    ],
)
def test_a_place_is_right_where_it_is_near_or_overlaps(true: str, said: str, right: bool) -> None:
    assert bricks.same_place({"answer": true}, [said]) == {"right": float(right)}


def test_words_are_right_word_for_word_and_a_place_is_expected_where_there_is_one() -> None:
    assert bricks.same_words({"answer": "Red."}, ["Red."]) == {"right": 1.0}
    assert bricks.same_words({"answer": "Red."}, ["Red"]) == {"right": 0.0}
    with pytest.raises(ValueError, match="expected a place"):
        bricks.same_place({"answer": "Red."}, ["Red."])


def test_every_number_stands_beside_toolkit_version_and_prompt() -> None:
    rows = [{**vars(score), "score": 12.34, "questions": 5} for score in NINE[:2]]
    rows[1]["score"] = None
    found = {
        "model": {
            "name": "tiny",
            "fingerprint": "f00d",
            "dtype": "float32",
            "images": {"min_pixels": 1024, "max_pixels": 90000, "patch": 8},
        },
        "toolkit": {"name": "lmms-eval", "version": "0.7.3"},
        "versions": {"transformers": "5.23.0", "torch": "2.13.0"},
        "machine": {"cpu": "a CPU"},
        "device": "cpu",
        "longest": 4096,
        "written": "2026-11-27T22:00:00+00:00",
        "code": "abc",
        "scores": rows,
        "prompts": {"mmbench_en_dev_static": "[user] <image>Which?\nA. a | b", "mme": "[user] Is it?"},
    }
    head, first, second = (line for line in table(found).splitlines() if line[:3] in ("tin", "| M"))
    assert "tiny (f00d), float32; pictures of 1024 to 90000 px" in head
    assert "lmms-eval 0.7.3" in head
    assert first.startswith(
        "| MMBench, English, dev | 12.3 % | 5 | `mmbench_en_dev_static`, `gpt_eval_score,none` (rules"
    )
    assert first.endswith("| [user] &lt;image>Which?<br>A. a &#124; b |")
    assert second == "| MME, perception | - | 5 | `mme`, `mme_perception_score,none` | [user] Is it? |"
