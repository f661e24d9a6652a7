"""The prompt, letter by letter, and a tokenizer that never splits what Qwen keeps whole."""

from pathlib import Path

import pytest

from xr0.sizes import OFFICIAL_SPECIAL_IDS
from xr0.transform import prompt, tokenizer
from xr0.transform.prompt import Message


def test_the_official_two_view_prompt() -> None:
    got = prompt.action_prompt(["Base View", "Left-Wrist View"], [1, 1], "put the red brick in the left bin")
    assert got == (
        "<|im_start|>user\nThe following observations are captured from multiple views.\n"
        "# Base View\n<|vision_start|><|image_pad|><|vision_end|>\n"
        "# Left-Wrist View\n<|vision_start|><|image_pad|><|vision_end|>\n"
        "Generate robot actions for the task:\nPut the red brick in the left bin. /no_cot<|im_end|>\n"
        "<|im_start|>assistant\n<cot></cot><|im_end|>\n"
    )


def test_sentences_are_capitalised_once_and_closed_once() -> None:
    assert prompt.sentence("  stack the LEGO ") == "Stack the LEGO."
    assert prompt.sentence("Stop.") == "Stop."
    with pytest.raises(ValueError, match="empty"):
        prompt.sentence("   ")
    assert prompt.sentence("Put the LEGO away", lower_case=True) == "Put the lego away."


def test_a_sentence_has_at_most_a_thousand_letters() -> None:
    assert len(prompt.sentence("a" * 1000)) == 1001
    with pytest.raises(ValueError, match="got 1001 characters, expected at most 1000"):
        prompt.sentence("a" * 1001)


def test_a_sentence_cannot_smuggle_in_a_view() -> None:
    with pytest.raises(ValueError, match=r"special token <\|image_pad\|>"):
        prompt.action_prompt(["Base View"], [1], "look <|image_pad|> here")


def test_a_conversation_in_qwen_s_chat_template() -> None:
    """As Qwen3-VL's chat_template renders it: a system message where there is one, a picture as one view."""
    messages = [
        Message("system", ("Be short.",)),
        Message("user", ("First: ", None, " second: ", None, " Which is red?")),
        Message("assistant", ("The second.",)),
        Message("user", ("And blue?",)),
        Message("assistant", ("Neither.",)),
    ]
    pieces = prompt.conversation(messages, [1, 2])
    assert "".join(text for text, _ in pieces) == (
        "<|im_start|>system\nBe short.<|im_end|>\n"
        "<|im_start|>user\nFirst: <|vision_start|><|image_pad|><|vision_end|> second: "
        "<|vision_start|><|image_pad|><|image_pad|><|vision_end|> Which is red?<|im_end|>\n"
        "<|im_start|>assistant\nThe second.<|im_end|>\n"
        "<|im_start|>user\nAnd blue?<|im_end|>\n<|im_start|>assistant\nNeither.<|im_end|>\n"
    )
    assert [text for text, said in pieces if said] == ["The second.<|im_end|>\n", "Neither.<|im_end|>\n"]


USER, ASSISTANT = Message("user", ("Where?",)), Message("assistant", ("Left.",))


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([], r"got the roles \[\]"),
        ([USER], r"got the roles \['user'\]"),
        ([ASSISTANT, USER], r"got the roles \['assistant', 'user'\]"),
        ([USER, ASSISTANT, ASSISTANT], "expected 'user' and 'assistant' in turns"),
        ([Message("system", ("Be short.",))], "got the roles"),
        ([USER, Message("assistant", (" ",))], "got no words of the assistant"),
        ([Message("system", ("",)), USER, ASSISTANT], "got no words of the system"),
        ([Message("user", ()), ASSISTANT], "got no words of the user"),
        ([USER, Message("assistant", (None, "Left."))], "got a picture of the assistant"),
        ([Message("user", ("<|image_pad|>?",)), ASSISTANT], r"special token <\|image_pad\|>.* of the user"),
        ([Message("user", (None, None, "Where?")), ASSISTANT], "got 2 image placeholders for 1 images"),
    ],
)
def test_a_conversation_that_nothing_can_be_learned_from(messages: list[Message], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prompt.check_conversation(messages, pictures=1)


def test_text_survives_and_special_tokens_are_single(tmp_path: Path) -> None:
    learned = tokenizer.train(["put the red brick in the left bin"] * 3, 400)
    path = tmp_path / "tokenizer.json"
    path.write_text(learned.to_str())
    loaded = tokenizer.load(path)
    text = "Ünïcode, 42 bricks\nand 1 <|image_pad|>"
    ids = loaded.encode(text).ids
    assert loaded.decode(ids, skip_special_tokens=False) == text
    assert ids.count(tokenizer.token_id(loaded, "<|image_pad|>")) == 1
    assert len(loaded.encode(" brick").ids) == 1
    assert len(loaded.encode("42").ids) == 2


def test_merges_stop_at_the_size_asked_for_and_a_word_takes_the_hyphen_before_it() -> None:
    texts = ["put the red brick into the left-hand bin"] * 3
    assert tokenizer.train(texts, 270).get_vocab_size() == 270
    assert len(tokenizer.train(texts, 400).encode(" left-hand").ids) == 2


def test_a_placeholder_has_qwen_s_ids_and_about_its_number_of_tokens() -> None:
    """With Qwen's own tokenizer, two views have about 60 tokens of text."""
    learned = tokenizer.placeholder(OFFICIAL_SPECIAL_IDS)
    assert tokenizer.special_ids(learned) == OFFICIAL_SPECIAL_IDS
    assert learned.decode(learned.encode("Put it\ninto bin 2.").ids) == "Put it\ninto bin 2."
    titles, sentence = ["Base View", "Left-Wrist View"], "put the red brick in the left bin"
    ids = learned.encode(prompt.action_prompt(titles, [64, 64], sentence)).ids
    assert ids.count(OFFICIAL_SPECIAL_IDS["image_token_id"]) == 128
    assert 50 <= len(ids) - 128 <= 90


@pytest.mark.parametrize("content", ["", "{}", '{"version": "1.0"}', "not json"])
def test_a_broken_tokenizer_is_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="not a tokenizer"):
        tokenizer.load(path)
