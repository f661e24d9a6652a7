"""The fleet's page with a hundred light robots: how soon an alarm shows, how smooth it stays, what it costs.

Usage: python runs/fleet_page.py [RESULTS]   (results/fleet by default; page.json and page.png)
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from hubs import HOST, KEY, PASSWORD, hub

from xr0_robot import report
from xr0_robot.fleet.light import LightRobot, Pace, light_robots

ROBOTS, FAILURES, SHOWN, WATCHED_S = 100, 20, 3, 20.0
"""SHOWN: alarms in the picture."""

FRAMES = """() => new Promise((done) => {
  const times = [];
  const next = (now) => (times.push(now), times.length < 600 ? requestAnimationFrame(next) : done(times));
  requestAnimationFrame(next);
})"""


def main(results: Path) -> None:
    """Measure, draw, write."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as folder,
        hub(Path(folder) / "journal.jsonl") as port,
        light_robots(f"ws://{HOST}:{port}", ROBOTS, Pace(8.0, 0.0), KEY) as robots,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page, received = browser.new_page(viewport={"width": 1440, "height": 900}), [0]
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: _count(received, frame)))
        page.goto(f"http://{HOST}:{port}/")
        page.fill("#name", "ada")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#wall li:nth-child({ROBOTS})", state="attached")
        page.wait_for_timeout(15_000)  # every tile has its picture
        before = received[0]
        page.wait_for_timeout(1000 * WATCHED_S)
        rate = (received[0] - before) / WATCHED_S
        frames = np.diff(page.evaluate(FRAMES))
        alarms = [_alarm_s(page, robot) for robot in robots[:SHOWN]]
        results.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(results / "page.png"))
        alarms += [_alarm_s(page, robot) for robot in robots[SHOWN:FAILURES]]
        browser.close()
    found = {
        "robots": ROBOTS,
        "alarm_s": _spread(alarms),
        "frame_ms": _spread(frames.tolist()),
        "page_bytes_per_s_per_robot": rate / ROBOTS,
        "machine": report.machine(),
        "code": report.code(),
        "date": report.now(),
    }
    report.write(results / "page.json", found)
    print(found)


def _alarm_s(page: Page, robot: LightRobot) -> float:
    """From its failure until the page shows it."""
    start_s = time.monotonic()
    robot.fail()
    page.wait_for_selector(f'#wall li[data-name="{robot.member.name}"] button.alarm')
    return time.monotonic() - start_s


def _count(received: list[int], frame: str | bytes) -> None:
    received[0] += len(frame)


def _spread(values: list[float]) -> dict[str, float]:
    p50, p95, most = np.percentile(values, [50, 95, 100])
    return {"p50": float(p50), "p95": float(p95), "max": float(most)}


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/fleet"))
