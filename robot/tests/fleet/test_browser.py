"""The page in a real browser: a hundred robots, one fails, a person sends it on.

Needs Chromium: `make browser` installs it where it may.
"""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hubs import HOST, KEY, PASSWORD, hub

from xr0_robot.fleet.light import LightRobot, Pace, light_robots

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(300),
]
NAMES = """[...document.querySelectorAll("#fleet button, #fleet input")].map(
    (e) => e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim())"""
FOCUSED = "document.activeElement.id || document.activeElement.parentElement.dataset.name"
NEVER = Pace(piece_s=5.0, failure_rate=0.0)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def logged_in(browser, port: int, width: int = 1440):
    """By keyboard alone."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda line: page.errors.append(line.text) if line.type == "error" else None)
    page.goto(f"http://{HOST}:{port}/")
    page.keyboard.press("Tab")
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#fleet:not([hidden])")
    return page


def tile(robot: LightRobot) -> str:
    return f'#wall li[data-name="{robot.member.name}"] button'


def says(page, where: str, what: str | re.Pattern[str]) -> None:
    sync_api.expect(page.locator(where)).to_have_text(what, timeout=60_000)


def robots_on(page, count: int) -> None:
    sync_api.expect(page.locator("#wall li")).to_have_count(count, timeout=60_000)


def test_a_hundred_robots_one_fails_and_a_person_sends_it_on_by_keyboard(browser, journal: Path) -> None:
    with hub(journal) as port, light_robots(f"ws://{HOST}:{port}", 100, NEVER, KEY) as robots:
        page = logged_in(browser, port)
        robots_on(page, 100)
        says(page, "#sum-alarms", "0")
        fails = robots[57]
        fails.fail()
        start_s = time.monotonic()
        page.wait_for_selector(f"{tile(fails)}.alarm", timeout=60_000)
        took_s = time.monotonic() - start_s
        assert page.locator("#wall li").first.get_attribute("data-name") == fails.member.name
        assert "needs help" in page.locator("#news").inner_text()
        assert page.title().startswith("(1)")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("n")
        page.keyboard.press("Enter")
        page.wait_for_selector("#robot[open]")
        assert "dropped it" in page.locator("#robot-state").inner_text()
        page.locator('[data-order="resume"]').focus()
        page.keyboard.press("Enter")
        says(page, "#outcome", "resume: done")
        page.wait_for_selector(
            f'#wall li[data-name="{fails.member.name}"] button:not(.alarm)', state="attached"
        )
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.parentElement.dataset.name") == fails.member.name
        assert page.errors == []
        page.close()
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    mine = [(e["who"], e["what"], e["words"]) for e in entries if e["robot"] == fails.member.name]
    assert ("hub", "alarm: help", "dropped it, and cannot find it") in mine and (
        "ada",
        "resume",
        "done",
    ) in mine
    print(f"alarm after {took_s:.2f} s")


def test_a_robot_is_found_held_and_told_something_else(browser, journal: Path) -> None:
    with hub(journal) as port, light_robots(f"ws://{HOST}:{port}", 5, NEVER, KEY) as robots:
        page = logged_in(browser, port)
        robots_on(page, 5)
        page.fill("#find", "003")
        assert page.locator("#wall li:visible").count() == 1
        page.click(tile(robots[2]))
        page.click('[data-order="hold"]')
        says(page, "#robot-state", "holding: held by ada")
        while not page.evaluate("document.getElementById('robot-picture').naturalWidth"):
            time.sleep(0.1)
        page.fill("#sentence", "fly to the moon")
        page.keyboard.press("Enter")
        says(page, "#outcome", re.compile("not done"))
        page.click('[data-order="stop"]')
        page.wait_for_selector("#robot-state.alarm")
        page.click('[data-order="resume"]')
        says(page, "#outcome", re.compile("e-stop is pressed"))
        page.close()


def test_everything_that_can_be_pressed_has_a_name_and_is_reached_by_keyboard(browser, journal: Path) -> None:
    with hub(journal) as port, light_robots(f"ws://{HOST}:{port}", 3, NEVER, KEY):
        page = logged_in(browser, port)
        robots_on(page, 3)
        names = page.evaluate(NAMES)
        assert len(names) == 7 and all(names)
        page.evaluate("document.activeElement.blur()")
        reached = set()
        for _ in range(9):
            page.keyboard.press("Tab")
            reached.add(
                page.evaluate(
                    "document.activeElement.id || document.activeElement.parentElement.dataset.name"
                )
            )
        expected = {"find", "only", "next", "stop-all", "journal", "light 001", "light 002", "light 003"}
        assert expected <= reached
        page.close()


def test_a_hub_that_is_gone_is_said_and_found_again(browser, journal: Path) -> None:
    with hub(journal) as port, light_robots(f"ws://{HOST}:{port}", 1, NEVER, KEY):
        page = logged_in(browser, port)
        page.wait_for_selector("#wall li")
        page.evaluate("socket.close()")
        page.wait_for_selector("#lost:not([hidden])")
        page.wait_for_selector("#lost", state="hidden", timeout=60_000)
        page.close()
