"""The nine benchmarks by lmms-eval's own code, on questions of ours whose scores are computed by hand; in
data/vlm alone: runs/vlm.sh."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("lmms_eval", reason="in data/vlm alone: runs/vlm.sh")

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs/vlm"))

import json

import board
import brick_questions
import fixtures
import numpy as np
from lmms_eval.api.model import lmms
from plain_qwen import PICTURE, PlainQwen, Question, read_messages, shown
from scores import BRICKS, NINE, select, tasks

from xr0.bench import answers, places
from xr0.checkpoints import convert, pretrained
from xr0.data.collate import pad_rows
from xr0.data.language import open_language
from xr0.transform.prompt import IM_END, Message
from xr0.transform.tokenizer import token_id

TINY = Path(__file__).resolve().parents[2] / "checkpoints/tiny"

SAID = {
    # question 0: both turns right; 1: the turned one wrong; 2: an option's words, then a letter in a sentence
    "mmbench_en_dev_static": ("B", "(C)", "A", "A", "There are three squares", "The answer is D."),
    # per picture 100 * share right, and 100 more where both are: color 200 and 50, count 0; cognition 50
    "mme": ("Yes", "No.", "yes, it is", "Yes", "No", "maybe", "no", "No"),
    # true: yes yes yes no no no; "Yes." is neither yes nor no: 2 hits of yes, 1 false alarm
    "pope": ("yes", "Yes", "Yes.", "no", "yes", "No"),
    "seedbench": ("A", "c. a square", "The second", "B"),
    # the option's letter, whatever its marks; what follows is cut off behind "B." alone
    "ai2d": ("B. square", "A", "(C)", "B, two"),
    "mmmu_val": ("(A)", "The answer is B", "so there are 3", "It is blue."),
    "scienceqa_img": ("B", "B. green", "The answer is C", "a"),
    "mathvista_testmini_cot_reasoning": (
        "<think>two of four</think><answer>B</answer>",
        "I count them: 4",
        "<answer>\\frac{1}{2}</answer>",
        "<answer>3</answer>",
    ),
    "erqa": ("B", "(A)", "The answer is A.", "No idea"),
}
"""Answers to the fixtures, in order."""

SCORES = {
    "gpt_eval_score,none": 100 * 2 / 3,
    "mme_perception_score,none": (200 + 50) / 2 + 0,
    "mme_cognition_score,none": 50,
    "pope_accuracy,none": 100 * 4 / 6,
    "pope_f1_score,none": 100 * 2 * (2 / 3) * 1 / (2 / 3 + 1),
    "seed_image,none": 100 * 2 / 3,
    "exact_match,flexible-extract": 100 * 3 / 4,
    "mmmu_acc,none": 100 * 3 / 4,
    "exact_match,none": 100 * 3 / 4,
    "acc_score,none": 100 * 3 / 4,
    "erqa_acc,none": 100 * 2 / 4,
}
"""By hand, from the rules of each benchmark."""


class Scripted(lmms):
    """Says what it was told to, and remembers how it was asked."""

    is_simple = False

    def __init__(self, said: dict[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.said = said
        self.asked: dict[tuple[str, int], tuple] = {}

    def generate_until(self, requests: list) -> list[str]:
        for request in requests:
            _, to_messages, _, number, task, split = request.args
            doc = self.task_dict[task][split][number]
            self.asked[task, number] = read_messages(to_messages(doc))
        return [self.said[request.args[4]][request.args[3]] for request in requests]

    def loglikelihood(self, requests: list) -> list:
        raise NotImplementedError

    generate_until_multi_round = loglikelihood


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nine")
    fixtures.write(folder)
    return folder


@pytest.fixture(scope="module")
def scripted(questions: Path) -> tuple[Scripted, dict]:
    model = Scripted(SAID)
    return model, board.evaluate(model, NINE, questions, None)


@pytest.mark.parametrize("score", NINE, ids=lambda score: score.benchmark)
def test_a_scripted_model_gets_the_score_computed_by_hand(score, scripted: tuple[Scripted, dict]) -> None:
    found = {row["benchmark"]: row for row in scripted[1]["scores"]}[score.benchmark]
    assert found["score"] == pytest.approx(SCORES[score.key], abs=1e-3)
    assert found["questions"] == len(SAID[score.task])


def test_another_answer_is_another_score(questions: Path) -> None:
    few = select(("pope", "erqa"))
    found = board.evaluate(Scripted({"pope": ("no",) * 6, "erqa": ("B",) * 4}), few, questions, None)
    assert [row["score"] for row in found["scores"]] == pytest.approx([50, 0, 75])


def test_the_pictures_and_the_words_come_in_the_benchmarks_order(scripted: tuple[Scripted, dict]) -> None:
    asked = scripted[0].asked
    prompt = shown(asked["pope", 0][0])
    end = "Answer the question using a single word or phrase."
    assert prompt == f"[user] {PICTURE}Is there a red disc in the image?\n{end}"
    assert len(asked["erqa", 2][1]) == len(asked["mmmu_val", 1][1]) == len(asked["seedbench", 3][1]) == 2
    assert asked["mme", 0][1][0].shape == (64, 64, 3)
    assert {task for task, _ in asked} == set(tasks(NINE))


@pytest.fixture
def tiny(tmp_path: Path) -> PlainQwen:
    convert.to_vlm(TINY, tmp_path / "vlm")
    return PlainQwen(tmp_path / "vlm", "cpu", batch=3, longest=80)


def asked(words: str, *colours: str) -> Question:
    image = np.asarray(fixtures.picture(*(f"{colour} square" for colour in colours)).resize((128, 128)))
    return Question((Message("user", (None, words)),), [image], places.LIMIT, ())


QUESTIONS = (
    asked("Where is the red brick?", "red", "blue"),
    asked("What does the gripper hold?", "green"),
    asked("Is the red brick left of the blue brick?", "blue", "red", "yellow"),
    asked("Point to the blue brick.", "red", "blue"),
    Question((Message("user", ("Which bin is empty?",)),), [], places.LIMIT, ()),
)


def test_answers_are_those_of_the_slow_way_and_do_not_depend_on_the_batch(tiny: PlainQwen) -> None:
    loaded = pretrained.load(TINY)
    tokenizer = loaded.processor.tokenizer
    slow = []
    for question in QUESTIONS:
        row = pad_rows([tiny.tokens(question)], tiny.processor)
        ids = places.decoded(loaded.vla.vlm.eval(), row, token_id(tokenizer, IM_END))[0]
        slow.append(tokenizer.decode(ids))
    assert tiny.answers(QUESTIONS) == slow
    assert [tiny.answers([question])[0] for question in QUESTIONS] == slow
    assert len(set(slow)) > 2


def test_an_answer_ends_where_the_task_says(tiny: PlainQwen) -> None:
    whole = tiny.answers([QUESTIONS[0]])[0]
    cut = tiny.answers([QUESTIONS[0]._replace(until=(whole[5:8],))])[0]
    assert cut == whole[: whole.index(whole[5:8])]


def test_the_brick_tables_scores_are_those_of_our_own_bench(tiny: PlainQwen, tmp_path: Path) -> None:
    said = tiny.answers(QUESTIONS[:4])
    other = ["Nobody.", '{"point_2d": [1, 1], "label": "x"}']
    (tmp_path / "images").mkdir()
    lines = []
    for k, (question, answer) in enumerate(zip(QUESTIONS, (*said, ""), strict=True)):
        for wanted in [answer, *other] if answer else ():
            fixtures.Pictures.fromarray(question.images[0]).save(tmp_path / f"images/{k}.png")
            words = {"type": "text", "text": question.messages[0].parts[1]}
            turns = [
                {"role": "user", "content": [{"type": "image"}, words]},
                {"role": "assistant", "content": wanted},
            ]
            lines.append(json.dumps({"images": [f"images/{k}.png"], "messages": turns}))
    (tmp_path / "conversations.jsonl").write_text("\n".join(lines) + "\n")
    brick_questions.main(str(tmp_path), tmp_path / "tasks")
    found = board.evaluate(tiny, BRICKS, tmp_path / "tasks", None)
    loaded, conversations = pretrained.load(TINY), open_language(str(tmp_path)).conversations
    ours = answers.compare(loaded.vla.vlm.eval(), loaded.processor, list(conversations))
    for row, kind in zip(found["scores"], ("questions", "grounding"), strict=True):
        assert (row["score"], row["questions"]) == (
            pytest.approx(100 * ours[kind]["share"]),
            ours[kind]["count"],
        )
        assert 0 < row["score"] < 100


def test_a_whole_board_of_a_checkpoint_says_toolkit_version_and_prompt(
    questions: Path, tmp_path: Path
) -> None:
    board.main(str(TINY), json=tmp_path / "erqa.json", tasks=("erqa", "mme"), data=questions, limit=2)
    found, table = json.loads((tmp_path / "erqa.json").read_text()), (tmp_path / "erqa.md").read_text()
    assert [row["questions"] for row in found["scores"]] == [2, 2, 2]
    assert f"lmms-eval {found['toolkit']['version']}" in table
    assert "Is the disc red?<br>Answer the question using a single word or phrase." in table
    assert len(found["answers"]["erqa"]) == 2


def test_what_is_missing_is_named(questions: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got \\['imagenet'\\], expected some of mmbench_en_dev_static, mme"):
        select(("imagenet",))
    with pytest.raises(FileNotFoundError, match=r"data: no file .*/pope/\*\.parquet"):
        board.evaluate(Scripted(SAID), select(("pope",)), tmp_path, None)
