"""Questions about a scene, and true answers: grounding (where is it?) and question answering (what is so?).

Places are written as Qwen3-VL writes them: JSON with "bbox_2d" or "point_2d" in 0..1000 of the picture's
width and height (its 2-D grounding cookbook). Nothing is asked that the picture hides: rays test it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations

import numpy as np

from xr0_robot.sims import cameras
from xr0_robot.sims.bins import WALL_HEIGHT
from xr0_robot.sims.brick_table import layout, tasks
from xr0_robot.sims.brick_table.env import RAISED, BrickTable
from xr0_robot.sims.world import Question

BOX = ("Where is the {thing}?", "Find the {thing}.", "Give the box of the {thing}.", "Locate the {thing}.")
POINT = ("Point to the {thing}.", "Give a point on the {thing}.", "Show the {thing} with a point.")
COLOUR_AT = ("What colour is the brick at {place}?", "Name the colour of the brick at {place}.")
PICK = ("{task}: point to what must be picked up.", "The task is: {task}. Point to the thing to grasp.")
PLACE = ("{task}: point to where it must go.", "The task is: {task}. Point to the goal.")
EMPTY = ("Which bin is empty?", "Is a bin empty, and which?", "Which of the two bins has nothing in it?")
ASIDE = ("Is the {a} brick {side} of the {b} brick?", "Is the {a} block to the {side} of the {b} block?")
NEAREST = ("What colour is the brick nearest to the {side} bin?", "Which brick is closest to the {side} bin?")
COUNT = (
    "How many bricks are outside the bins?",
    "Count the bricks outside the bins.",
    "How many are in no bin?",
)
HELD = ("What does the gripper hold?", "What is between the fingers?", "Which brick is in the gripper?")

NUMBERS = ("None", "One", "Two", "Three", "Four")

MARGIN = 0.03
"""A relation is asked about only if it differs by this much [m]."""


def ask(env: BrickTable, rng: np.random.Generator) -> list[Question]:
    """All that can be asked about the scene as it is now, each in one of its wordings; about 20 samples."""
    samples = [
        *_grounding(env, rng),
        *_tasks(env, rng),
        *_empty_bin(env, rng),
        *_sides(env, rng),
        *_nearest(env, rng),
        *_count(env, rng),
        *_held(env, rng),
    ]
    return [samples[k] for k in rng.permutation(len(samples))]


def box(env: BrickTable, camera: str, name: str) -> list[int]:
    """x1, y1, x2, y2 in 0..1000 of a brick or bin, clipped to a camera's picture."""
    view = env.view(camera)
    pixels = cameras.project(env.model, env.data, view, _corners(env, name))
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    shares = np.concatenate([low, high]) / (2 * (view.width, view.height))
    return [_thousandths(share) for share in shares]


def point(env: BrickTable, camera: str, name: str) -> list[int]:
    """x, y in 0..1000 of the centre of a brick or of a bin's floor."""
    view = env.view(camera)
    u, v = env.project(camera, env.data.body(name).xpos)
    height, width = view.size
    return [_thousandths(u / width), _thousandths(v / height)]


def shown(env: BrickTable, camera: str, name: str) -> bool:
    """Whether a brick's centre, and more than half of its upper face, are in the picture and not hidden."""
    view, body = env.view(camera), env.data.body(name)
    size = np.array(next(brick.size for brick in env.variant.bricks if brick.name == name))
    face = np.array([[x, y, 0.5] for x in (-0.35, 0.35) for y in (-0.35, 0.35)]) * size
    points = np.vstack([body.xpos, body.xpos + face @ body.xmat.reshape(3, 3).T])
    parts = [cameras.seen(env.model, env.data, view, part, (name,)) for part in (points[:1], points)]
    return parts[0] == 1.0 and parts[1] > 0.5


def _grounding(env: BrickTable, rng: np.random.Generator) -> Iterator[Question]:
    for camera in env.cameras:
        for colour in tasks.COLOURS:
            if shown(env, camera, colour):
                yield (camera, *_where(env, rng, camera, colour, f"{colour} brick"))
                place = json.dumps(point(env, camera, colour))
                yield camera, _worded(COLOUR_AT, rng, place=place), f"{colour.capitalize()}."
    side = str(rng.choice(tasks.SIDES))
    if _bin_shown(env, env.overview, side):
        yield (env.overview, *_where(env, rng, env.overview, side, f"{side} bin"))


def _where(env: BrickTable, rng: np.random.Generator, camera: str, name: str, thing: str) -> tuple[str, str]:
    if rng.random() < 0.5:
        wordings, place = BOX, {"bbox_2d": box(env, camera, name)}
    else:
        wordings, place = POINT, {"point_2d": point(env, camera, name)}
    return _worded(wordings, rng, thing=thing), json.dumps({**place, "label": thing})


def _tasks(env: BrickTable, rng: np.random.Generator) -> Iterator[Question]:
    """What an instruction, another than the scene's own as well, means here."""
    task = env.family.sample(rng, env.family.wordings)
    for camera in env.cameras:
        if shown(env, camera, task.colour):
            yield camera, _worded(PICK, rng, task=task.instruction), _pointed(env, camera, task.colour)
    if _place_shown(env, task.place):
        question = _worded(PLACE, rng, task=task.instruction)
        yield env.overview, question, _pointed(env, env.overview, task.place)


def _place_shown(env: BrickTable, place: str) -> bool:
    """Whether the overview shows a bin or brick; a spot on the bare table is nothing to point at."""
    if place in tasks.SIDES:
        return _bin_shown(env, env.overview, place)
    return place in tasks.COLOURS and shown(env, env.overview, place)


def _pointed(env: BrickTable, camera: str, name: str) -> str:
    label = f"{name} {'bin' if name in tasks.SIDES else 'brick'}"
    return json.dumps({"point_2d": point(env, camera, name), "label": label})


def _empty_bin(env: BrickTable, rng: np.random.Generator) -> Iterator[Question]:
    if all(_bin_shown(env, env.overview, side) for side in tasks.SIDES):
        empty = [side for side in tasks.SIDES if not _contents(env, side)]
        answer = {0: "Neither.", 1: f"The {''.join(empty)} bin.", 2: "Both."}[len(empty)]
        yield env.overview, _worded(EMPTY, rng), answer


def _sides(env: BrickTable, rng: np.random.Generator) -> Iterator[Question]:
    """Left is +y, for the robot and in the overview."""
    seen = [colour for colour in tasks.COLOURS if shown(env, env.overview, colour)]
    y = {colour: env.object_positions()[colour][1] for colour in seen}
    pairs = [(a, b) for a, b in permutations(y, 2) if abs(y[a] - y[b]) > MARGIN]
    if pairs:
        (a, b), side = pairs[rng.integers(len(pairs))], str(rng.choice(tasks.SIDES))
        answer = "Yes." if (y[a] > y[b]) == (side == "left") else "No."
        yield env.overview, _worded(ASIDE, rng, a=a, b=b, side=side), answer


def _nearest(env: BrickTable, rng: np.random.Generator) -> Iterator[Question]:
    lying = _lying(env)
    if lying is None or len(lying) < 2:
        return
    bin_ = layout.BINS[rng.integers(len(layout.BINS))]
    way = {name: np.linalg.norm(env.object_positions()[name][:2] - bin_.centre) for name in lying}
    first, second = sorted(way, key=way.__getitem__)[:2]
    if way[second] - way[first] > MARGIN:
        yield env.overview, _worded(NEAREST, rng, side=bin_.name), f"{first.capitalize()}."


def _count(env: BrickTable, rng: np.random.Generator) -> Iterator[Question]:
    lying = _lying(env)
    if lying is not None:
        yield env.overview, _worded(COUNT, rng), f"{NUMBERS[len(lying)]}."


def _held(env: BrickTable, rng: np.random.Generator) -> Iterator[Question]:
    touched = [colour for colour in tasks.COLOURS if env.touched(colour)]
    raised = [colour for colour in touched if env.object_positions()[colour][2] > RAISED]
    if touched == raised and len(raised) < 2:
        yield env.closeup, _worded(HELD, rng), f"The {raised[0]} brick." if raised else "Nothing."


def _lying(env: BrickTable) -> list[str] | None:
    """The bricks that lie on the table outside the bins; None if one is in the air or hidden."""
    outside = [colour for colour in tasks.COLOURS if env.bin_of(colour) is None]
    low = all(env.object_positions()[colour][2] <= RAISED for colour in outside)
    return outside if low and all(shown(env, env.overview, colour) for colour in outside) else None


def _contents(env: BrickTable, side: str) -> list[str]:
    return [name for name in env.object_positions() if env.bin_of(name) == side]


def _bin_shown(env: BrickTable, camera: str, side: str) -> bool:
    """Whether a camera sees all of a bin's floor, or what lies on it."""
    a, b = np.array(next(bin_.inner for bin_ in layout.BINS if bin_.name == side)) * 0.4
    floor = np.array([[x, y, 0.003] for x in (-a, 0.0, a) for y in (-b, 0.0, b)]) + env.data.body(side).xpos
    return cameras.seen(env.model, env.data, env.view(camera), floor, (side, *_contents(env, side))) == 1.0


def _corners(env: BrickTable, name: str) -> np.ndarray:
    """World corners [8, 3] of a brick, or of a bin."""
    sizes = {brick.name: brick.size for brick in env.variant.bricks}
    sizes |= {bin_.name: (*bin_.inner, 2 * WALL_HEIGHT) for bin_ in layout.BINS}
    signs = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    body = env.data.body(name)
    corners = body.xpos + (signs * sizes[name]) @ body.xmat.reshape(3, 3).T
    return np.maximum(corners, (-np.inf, -np.inf, 0.0))


def _thousandths(share: float) -> int:
    return round(1000 * min(max(float(share), 0.0), 1.0))


def _worded(wordings: tuple[str, ...], rng: np.random.Generator, **words: str) -> str:
    return wordings[rng.integers(len(wordings))].format(**words)
