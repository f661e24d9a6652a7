"""A trained network as a folder, and as a function from two readings to an increment.

config.json         format, network, fingers          model.safetensors
calibration.json    factors on sigma; absent: 1       (calibration.py)
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import torch

from xr0.checkpoints import tensors, weights
from xr0.touch import calibration
from xr0.touch.net import NetConfig, TacRefineNet
from xr0.touch.pairs import Pairs, as_input
from xr0_robot.touch.sensor import pads
from xr0_robot.touch.sensor.increment import VECTOR
from xr0_robot.touch.sensor.pads import TactileReading

FORMAT = "xr0-tactile-1"
"""Layout of the folder; raised when it changes."""

CONFIG = "config.json"


class Predictor:
    """What the wrist should do. name and fingerprint tell its weights from others; sigma_scale [6]: the
    factors of the calibration, on every sigma that it answers."""

    def __init__(
        self, net: TacRefineNet, fingers: tuple[str, ...], name: str = "", fingerprint: str = ""
    ) -> None:
        if len(fingers) != net.config.fingers:
            raise ValueError(f"fingers: got {list(fingers)}, expected {net.config.fingers}")
        self.net = net.eval()
        self.fingers = fingers
        self.name = name
        self.fingerprint = fingerprint
        self.sigma_scale = np.ones(VECTOR)

    @staticmethod
    def from_pretrained(folder: Path) -> Predictor:
        """Read a folder; FileNotFoundError or ValueError, one line, for what does not fit."""
        predictor = Predictor.uncalibrated(folder)
        predictor.sigma_scale = calibration.read(folder, predictor.fingerprint)
        return predictor

    @staticmethod
    def uncalibrated(folder: Path) -> Predictor:
        """The same with the network's own sigma, whatever calibration lies beside it."""
        if not (folder / CONFIG).is_file():
            raise FileNotFoundError(f"tactile checkpoint: no file {CONFIG} in {folder}")
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise ValueError(f"tactile checkpoint: {folder / CONFIG} is not JSON ({error})") from error
        if set(config) != {"format", "net", "fingers"} or config["format"] != FORMAT:
            raise ValueError(
                f"tactile checkpoint: {folder / CONFIG} has {sorted(config)} and format "
                f"{config.get('format')!r}, expected fingers, format, net and format {FORMAT!r}"
            )
        net = TacRefineNet(NetConfig.from_dict(config["net"]))
        weights.load_into(net, folder)
        mark = weights.fingerprint(tensors.files(tensors.find(folder)))
        return Predictor(net, tuple(config["fingers"]), folder.resolve().name, mark)

    def save(self, folder: Path) -> None:
        """Write a folder; it appears whole or not at all. FileExistsError if it is there."""
        if folder.exists():
            raise FileExistsError(f"tactile checkpoint: {folder} exists already, expected a new folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        config = {"format": FORMAT, "net": self.net.config.to_dict(), "fingers": list(self.fingers)}
        (new / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        weights.save(self.net, new)
        new.chmod(0o755)
        new.rename(folder)

    def predict(self, current: TactileReading, goal: TactileReading) -> tuple[np.ndarray, np.ndarray]:
        """W and its standard deviations, both float64 [6] (mm, rad).

        ValueError, one line, where the two were not felt by this network's fingers, or a pad is silent.
        """
        pads.require_same_hand(current, goal)
        if current.fingers != self.fingers or current.joints.size != self.net.config.joints:
            raise ValueError(
                f"reading: got fingers {list(current.fingers)} and {current.joints.size} joints, "
                f"expected {list(self.fingers)} and {self.net.config.joints}"
            )
        pads.require_contact(current)
        pads.require_contact(goal)
        w, sigma = self.predict_batch(
            np.stack([current.images, goal.images])[None], np.stack([current.joints, goal.joints])[None]
        )
        return w[0], sigma[0]

    def predict_batch(self, images: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same for b pairs at once, unchecked: images uint8 [b, 2, f, 11, 9], joints [b, 2, j]."""
        with torch.inference_mode():
            guess = self.net(Pairs(as_input(images), torch.from_numpy(joints.astype(np.float32))))
            scale = self.net.scale
            w, sigma = (guess.mean * scale).double().numpy(), (guess.sigma() * scale).double().numpy()
        return w, sigma * self.sigma_scale


def answer_single_pairs() -> None:
    """Settings of a process that predicts pair by pair: one thread, and torch's own convolutions, since
    oneDNN takes longer to prepare one this small than to run it."""
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False
