"""The fingertips' demo: a nut, a rod and a bracket, grasped wrongly and refined live, filmed and plotted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from xr0_robot.touch.bench import plot
from xr0_robot.touch.bench.film import Film, Moment
from xr0_robot.touch.procedures import refine
from xr0_robot.touch.procedures.measurement import Measurement
from xr0_robot.touch.procedures.motions import Aborted
from xr0_robot.touch.procedures.predictors import InlinePredictor, Prediction, Predictor
from xr0_robot.touch.procedures.refine import Outcome
from xr0_robot.touch.sensor import increment
from xr0_robot.touch.sensor.increment import DOF
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.touch.sensor.prisms import facing, rectangle, regular, upright
from xr0_robot.touch.sensor.shapes import Prism, Shape
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM
from xr0_robot.touch.sims.sprung_hand import SprungHand

DT = 1.0 / 30.0
"""Seconds per tick."""

OFF = np.array([0.0, 3.0, 3.0, *np.deg2rad([10.0, 2.5, 2.5])])
"""A start is off by up to this in each number of the increment (mm, rad)."""

LEAST = 0.5
"""Share of OFF by which every number of a start is off at least."""


@dataclass(frozen=True)
class DemoObject:
    """An object of the demo. unfelt: degrees of freedom that touch cannot tell on it; they are not
    counted."""

    shape: Shape
    unfelt: tuple[str, ...]

    @property
    def name(self) -> str:
        """In the video and the plot."""
        return self.shape.name


@dataclass(frozen=True)
class Grasp:
    """One grasp of a refinement, as it was and as it was taken for: increments [6] (mm, rad) to the goal."""

    reading: TactileReading
    truth: np.ndarray
    prediction: np.ndarray


@dataclass(frozen=True)
class Episode:
    """One object refined. errors: mm and degrees at every grasp, over what can be felt; ending: why it
    ended."""

    name: str
    errors: np.ndarray
    ending: str


def demo(predictor: Predictor, seed: int, out: Path, objects: Sequence[DemoObject]) -> list[Episode]:
    """Refine each of `objects` once; writes refine.mp4 and errors.png to `out`."""
    console = Console()
    episodes = []
    with Film(out / "refine.mp4") as film:
        for number, item in enumerate(objects):
            episode = _refine(predictor, item, np.random.default_rng([seed, number]), film)
            episodes.append(episode)
            first, last = episode.errors[0], episode.errors[-1]
            console.print(
                f"[bold]{item.name:8}[/bold] {first[0]:.2f} mm {first[1]:4.1f} deg  ->  {last[0]:.2f} mm "
                f"{last[1]:4.1f} deg after {len(episode.errors)} grasps  ({episode.ending})"
            )
    plot.save(episodes, out / "errors.png")
    console.print(f"video   {out}/refine.mp4\nplot    {out}/errors.png")
    return episodes


class _Recorder:
    """A predictor whose answers are kept, each beside the truth of its moment."""

    def __init__(self, predictor: Predictor, hand: SprungHand, goal_grasp: np.ndarray) -> None:
        self._predictor = predictor
        self._hand = hand
        self._goal = goal_grasp
        self.grasps: list[Grasp] = []

    def truth(self) -> np.ndarray:
        """The increment [6] from the grasp as it is to the goal."""
        return increment.to_vector(increment.increment(self._hand.grasp(), self._goal))

    def predict(self, current: TactileReading, goal: TactileReading) -> Prediction:
        """What the predictor answers."""
        w, sigma = self._predictor.predict(current, goal)
        self.grasps.append(Grasp(current, self.truth(), w))
        return w, sigma


def _refine(predictor: Predictor, item: DemoObject, rng: np.random.Generator, film: Film) -> Episode:
    """The product's own procedure, a tick at a time."""
    goal_grasp = increment.to_matrix(rng.uniform(-1, 1, 6) * OFF * 0.3)
    off = OFF * rng.uniform(LEAST, 1.0, 6) * rng.choice([-1, 1], 6)
    hand = SprungHand(rng, item.shape, increment.to_matrix(off) @ goal_grasp)
    goal = hand.would_feel(goal_grasp)
    recorder = _Recorder(predictor, hand, goal_grasp)
    procedure = refine.with_time_limit(
        refine.TIME_LIMIT_S, refine.regrasp(BRICKS_ARM, hand.state(), goal, InlinePredictor(recorder))
    )
    command, ticks, ending = next(procedure), 0, ""
    while not ending:
        hand.apply(command)
        ticks += 1
        seen = len(recorder.grasps)
        try:
            command = procedure.send(Measurement(ticks * DT, hand.state(), hand.touch()))
        except StopIteration as ended:
            ending = _words(ended.value)
        except Aborted as aborted:
            ending = f"given up: {aborted}"
        moment = Moment(item.name, hand, goal, _errors(item, recorder), ticks * DT)
        if len(recorder.grasps) > seen:
            film.pause(moment, recorder.grasps[-1].reading, _predicted(hand, recorder.grasps[-1]))
        film.add(moment)
    film.end(Moment(item.name, hand, goal, _errors(item, recorder), ticks * DT), ending)
    hand.close()
    return Episode(item.name, _errors(item, recorder), ending)


def _predicted(hand: SprungHand, grasp: Grasp) -> TactileReading:
    """What the sensor would feel after the whole predicted increment: drawn, never used."""
    return hand.would_feel(increment.moved(hand.grasp(), increment.to_matrix(grasp.prediction)))


def _errors(item: DemoObject, recorder: _Recorder) -> np.ndarray:
    """[grasps, 2]: mm and degrees, over what can be felt."""
    felt = np.array([name not in item.unfelt for name in DOF])
    truths = [grasp.truth * felt for grasp in recorder.grasps]
    return np.array([increment.magnitudes(truth) for truth in truths]).reshape(-1, 2)


def _words(outcome: Outcome) -> str:
    return {"done": "done", "no steps left": "all motions used"}[outcome.verdict]


def demo_objects() -> tuple[DemoObject, ...]:
    """A nut, a rod and a bracket."""
    return _nut(), _rod(), _bracket()


def _nut() -> DemoObject:
    """M5-sized, its face to the pads: six walls about a bore."""
    ring, bore = regular(6, 4.6, np.pi / 6), regular(6, 2.1, np.pi / 6)
    corners = [(bore[k], ring[k], ring[(k + 1) % 6], bore[(k + 1) % 6]) for k in range(6)]
    return _object("nut", [facing(np.array(four), 4.0) for four in corners], ("x",))


def _rod() -> DemoObject:
    """Standing between the pads, both ends within them; its turn about its own axis cannot be felt."""
    return _object("rod", [upright(regular(24, 2.5), 8.0)], ("x", "rz"))


def _bracket() -> DemoObject:
    """An L of flat stock."""
    legs = [facing(rectangle(3.0, 10.0), 6.0, y=-2.5), facing(rectangle(5.0, 3.0), 6.0, y=1.5, z=-3.5)]
    return _object("bracket", legs, ("x",))


def _object(name: str, prisms: Sequence[Prism], unfelt: tuple[str, ...]) -> DemoObject:
    return DemoObject(Shape(name, "demo", tuple(prisms)), unfelt)
