"""The sentence around the views: Qwen's chat form, as the released models saw it (deploy/server.py)."""

from __future__ import annotations

from collections.abc import Sequence

IMAGE_PAD = "<|image_pad|>"
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
IM_START, IM_END = "<|im_start|>", "<|im_end|>"
END_OF_TEXT = "<|endoftext|>"

MAX_INSTRUCTION = 1000
"""Characters; a sentence to a robot is shorter, and a client cannot fill the model's context."""

SPECIAL_TOKENS = (END_OF_TEXT, IM_START, IM_END, VISION_START, VISION_END, IMAGE_PAD, "<|video_pad|>")
"""Qwen's special tokens that a tokenizer must bear as single ids."""


def sentence(instruction: str, lower_case: bool = False) -> str:
    """First letter upper-case, a full stop at the end; lower_case: no other capital, as the
    released LIBERO and CALVIN clients do it."""
    text = instruction.strip().lower() if lower_case else instruction.strip()
    if not text:
        raise ValueError("instruction: got an empty sentence")
    if len(text) > MAX_INSTRUCTION:
        raise ValueError(f"instruction: got {len(text)} characters, expected at most {MAX_INSTRUCTION}")
    special = [token for token in SPECIAL_TOKENS if token in text]
    if special:
        raise ValueError(f"instruction: got the special token {special[0]}, expected plain words")
    text = text[0].upper() + text[1:]
    return text if text.endswith(".") else text + "."


def view(tokens: int) -> str:
    """One image's place in the prompt."""
    return VISION_START + IMAGE_PAD * tokens + VISION_END


def action_prompt(
    titles: Sequence[str], tokens: Sequence[int], instruction: str, lower_case: bool = False
) -> str:
    """The whole context of an action request; the assistant's closed turn belongs to it."""
    views = "".join(f"# {title}\n{view(n)}\n" for title, n in zip(titles, tokens, strict=True))
    return (
        f"{IM_START}user\nThe following observations are captured from multiple views.\n{views}"
        f"Generate robot actions for the task:\n{sentence(instruction, lower_case)} /no_cot{IM_END}\n"
        f"{IM_START}assistant\n<cot></cot>{IM_END}\n"
    )


def question_prompt(tokens: Sequence[int], question: str) -> str:
    """A vision-language sample up to where the answer starts."""
    views = "".join(view(n) for n in tokens)
    return f"{IM_START}user\n{views}{question}{IM_END}\n{IM_START}assistant\n"


def answer(text: str) -> str:
    """What the model should write after `question_prompt`."""
    return f"{text}{IM_END}\n"
