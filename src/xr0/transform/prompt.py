"""The words around the views: an action request as the released models saw it (deploy/server.py), and
conversations in Qwen3-VL's chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True)
class Message:
    """One turn of a conversation. parts: its texts, in order; None at the place of a picture."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[str | None, ...]


def check_conversation(messages: Sequence[Message], pictures: int) -> None:
    """ValueError where it cannot be learned from: at first perhaps a system message, then user and assistant
    in turns, the assistant last; nobody says nothing; only users show pictures, and as many as there are."""
    roles = [message.role for message in messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if not turns or turns != ["user", "assistant"] * (len(turns) // 2):
        raise ValueError(
            f"got the roles {roles}, expected 'user' and 'assistant' in turns, behind one 'system' at most"
        )
    for message in messages:
        texts = [part for part in message.parts if part is not None]
        special = [token for token in SPECIAL_TOKENS if any(token in text for text in texts)]
        if special:
            raise ValueError(
                f"got the special token {special[0]}, expected plain words of the {message.role}"
            )
        if not "".join(texts).strip() and (message.role != "user" or not message.parts):
            raise ValueError(f"got no words of the {message.role}")
        if message.role != "user" and None in message.parts:
            raise ValueError(f"got a picture of the {message.role}, expected pictures of the user only")
    places = sum(part is None for message in messages for part in message.parts)
    if places != pictures:
        raise ValueError(f"got {places} image placeholders for {pictures} images")


def conversation(messages: Sequence[Message], tokens: Sequence[int]) -> list[tuple[str, bool]]:
    """Qwen3-VL's chat template, cut where the speaker changes: texts in order, and whether the assistant's
    words (and the end of its turn) are in them. tokens: of each picture, in order."""
    pictures = iter(tokens)
    pieces, heard = [], ""
    for message in messages:
        words = "".join(view(next(pictures)) if part is None else part for part in message.parts)
        heard += f"{IM_START}{message.role}\n"
        if message.role == "assistant":
            pieces += [(heard, False), (f"{words}{IM_END}\n", True)]
            heard = ""
        else:
            heard += f"{words}{IM_END}\n"
    return pieces
