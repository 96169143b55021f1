"""The report of a finished session in a real browser: it is quiet, draws, moves, fits a phone and asks for nothing on a network.

`make screenshots` opens the demo's report in place of the small session's (RAPIDSTEM_REPORT) and keeps what the tests see of it in a folder
(RAPIDSTEM_SCREENSHOTS): the pictures of the README.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rapidstem.report.page_writing import LARGEST_FILE_BYTES

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DESK = {"viewport": {"width": 1300, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 3, "is_mobile": True, "has_touch": True}
INK = """canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let orange = 0, aqua = 0;
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 40) {
        if (pixels[i] > pixels[i + 2] + 60) orange++;
        if (pixels[i + 2] > pixels[i] + 60) aqua++;
    }
    return [orange, aqua];
}"""


@dataclass
class OpenPage:
    """A page in the browser, and what it has said and asked for since it was opened."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, report: Path) -> "OpenPage":
        """Open the report, and listen."""
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(report.as_uri(), wait_until="load")
        return self


@pytest.fixture(scope="module")
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report alone in a folder, as one file must be enough: that of the tiny session, or the one that the environment names."""
    given = os.environ.get("RAPIDSTEM_REPORT") or request.getfixturevalue("finished_session") / "results/tiny/report.html"
    return Path(shutil.copy(given, tmp_path_factory.mktemp("mailed")))


def _keep(page: Any, name: str) -> None:
    """Keep a picture of what the screen shows, where the environment names a folder for it."""
    if folder := os.environ.get("RAPIDSTEM_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def _unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The browser that is installed, without a window."""
    automation = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (pip install playwright)")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser is found: none of {', '.join(BROWSERS)} is on the path")
    with automation.sync_playwright() as session:
        found = session.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Callable[[dict[str, Any]], OpenPage]]:
    """A function that opens the report on a screen of a given kind, without a network."""
    contexts = []

    def open_on(screen: dict[str, Any]) -> OpenPage:
        contexts.append(browser.new_context(offline=True, **screen))
        return OpenPage(contexts[-1].new_page()).open(report)

    yield open_on
    for context in contexts:
        context.close()


@pytest.fixture
def desk(opened: Callable[[dict[str, Any]], OpenPage]) -> Any:
    """The page of the report on a desk's screen."""
    return opened(DESK).page


def test_the_report_is_light_enough_to_mail(report: Path) -> None:
    assert 100_000 < report.stat().st_size < LARGEST_FILE_BYTES


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_is_complained_of_and_nothing_is_asked_of_a_network(
    opened: Callable[[dict[str, Any]], OpenPage], report: Path, screen: dict[str, Any]
) -> None:
    shown = opened(screen)
    shown.page.mouse.wheel(0, 100_000)
    shown.page.wait_for_timeout(300)
    assert shown.complaints == []
    assert [url for url in shown.requests if not url.startswith("data:")] == [report.as_uri()]


def test_every_picture_is_there_and_said_in_words(desk: Any) -> None:
    pictures = desk.eval_on_selector_all("img", "images => images.map(image => [image.complete && image.naturalWidth, image.alt])")
    assert len(pictures) > 10
    assert all(width > 0 and words for width, words in pictures)


def test_the_first_screen_says_verdict_lines_numbers_and_what_to_do_next(desk: Any) -> None:
    for part in (".verdict", ".view canvas", ".numbers > div:nth-child(4)", ".next"):
        box = desk.locator(part).first.bounding_box()
        assert box["width"] > 100 and box["y"] + box["height"] <= 900, part
    assert desk.locator(".verdict .badge").inner_text().split()[-1] in ("good", "doubtful", "unusable")
    _keep(desk, "report")


def test_every_stage_is_about_one_screen_and_has_one_picture(desk: Any) -> None:
    stages = desk.locator("main > section")
    for stage in stages.all():
        assert stage.locator("figure:visible").count() <= 1
        assert stage.bounding_box()["height"] <= 1000
    assert stages.count() > 5


def test_a_field_is_chosen_from_a_list(desk: Any) -> None:
    lines = desk.locator("section[aria-labelledby^=dislocation-lines]")
    shown = lines.locator("img:visible").get_attribute("src")
    lines.locator("select").select_option("slow")
    assert lines.locator(".panel:visible").count() == 1
    assert lines.locator("img:visible").get_attribute("src") != shown
    lines.locator("select").focus()
    desk.keyboard.press("ArrowUp")
    assert lines.locator("img:visible").get_attribute("src") == shown


def test_no_table_is_cut_off_on_a_desk_and_the_wide_ones_scroll_on_a_phone(opened: Callable[[dict[str, Any]], OpenPage]) -> None:
    measure = "tables => tables.map(table => [table.scrollWidth, table.clientWidth, getComputedStyle(table).overflowX, table.tabIndex])"
    for screen in (DESK, PHONE):
        page = opened(screen).page
        _unfold(page)
        tables = page.eval_on_selector_all(".wide", measure)
        assert len(tables) > 5 and all(overflow == "auto" and tab == 0 for _, _, overflow, tab in tables)
        assert screen is PHONE or all(inner <= outer for inner, outer, _, _ in tables)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_links_on_the_page_lead_to_its_parts(desk: Any) -> None:
    targets = desk.eval_on_selector_all("nav a", "links => links.map(link => link.getAttribute('href'))")
    assert len(targets) > 4
    for target in targets:
        desk.click(f"nav a[href='{target}']")
        assert -1 < desk.evaluate("id => document.getElementById(id).getBoundingClientRect().top", target.removeprefix("#")) < 900


def _turned(page: Any, act: Callable[[Any], None]) -> bool:
    """Whether the picture of the 3-D view is another one after an action."""
    canvas = page.locator(".view canvas").first
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    act(canvas)
    page.wait_for_timeout(100)
    return bool(before != canvas.evaluate("canvas => canvas.toDataURL()"))


def test_the_view_draws_both_series_in_their_colours(desk: Any) -> None:
    orange, aqua = desk.locator(".view canvas").first.evaluate(INK)
    assert orange > 200 and aqua > 200
    desk.locator(".view input[type=checkbox]").first.uncheck()
    fewer, same = desk.locator(".view canvas").first.evaluate(INK)
    assert fewer < orange / 4 and same >= aqua


def _drag(page: Any, locator: Any, start: float, stop: float) -> None:
    """Drag the mouse over an element, from one share of its width to another."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], height)
    page.mouse.down()
    page.mouse.move(box["x"] + stop * box["width"], height, steps=8)
    page.mouse.up()


def test_the_view_turns_by_mouse_keyboard_and_buttons(desk: Any) -> None:
    assert _turned(desk, lambda canvas: _drag(desk, canvas, 0.3, 0.6))
    assert _turned(desk, lambda canvas: canvas.press("ArrowLeft"))
    assert _turned(desk, lambda canvas: canvas.press("ArrowDown"))
    assert _turned(desk, lambda canvas: canvas.press("+"))
    assert _turned(desk, lambda canvas: desk.get_by_role("button", name="along z").first.click())
    assert not _turned(desk, lambda canvas: canvas.press("a"))


def _clipped_percent(slider: Any) -> float:
    """How much of the upper image is cut off at its right, in percent."""
    clip = slider.locator(".top").evaluate("image => getComputedStyle(image).clipPath")
    width = slider.locator(".top").evaluate("image => image.getBoundingClientRect().width")
    right = clip.removeprefix("inset(").split()[1]
    return float(right.removesuffix("%")) if right.endswith("%") else 100 * float(right.removesuffix("px")) / width


def test_the_slider_moves_by_mouse_and_by_keyboard(desk: Any) -> None:
    slider = desk.locator(".slider").first
    handle = slider.locator("input[type=range]")
    assert _clipped_percent(slider) == pytest.approx(50, abs=1)
    shown = slider.locator(".stack").screenshot()
    _drag(desk, handle, 0.5, 0.9)
    moved = _clipped_percent(slider)
    assert moved < 20
    assert slider.locator(".stack").screenshot() != shown
    handle.press("ArrowLeft")
    assert _clipped_percent(slider) == pytest.approx(moved + 1, abs=0.2)
    handle.press("Home")
    assert _clipped_percent(slider) == pytest.approx(100, abs=0.1)


def test_the_page_fits_a_phone_and_works_by_touch(opened: Callable[[dict[str, Any]], OpenPage]) -> None:
    page = opened(PHONE).page
    widths = page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]")
    assert widths[0] <= 360 and widths[1] <= 360 and widths[2] == 360
    assert page.locator(".view canvas").first.bounding_box()["width"] <= 360
    handle = page.locator(".slider input").first
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    page.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
    assert _clipped_percent(page.locator(".slider").first) > 65


def test_the_keyboard_reaches_view_slider_and_tables_in_turn(desk: Any) -> None:
    _unfold(desk)
    reached = set()
    for _ in range(desk.locator("a, input, button, summary, [tabindex]").count()):
        desk.keyboard.press("Tab")
        reached.add(desk.evaluate("document.activeElement.tagName + (document.activeElement.type || '')"))
    assert {"A", "CANVAS", "INPUTcheckbox", "INPUTrange", "BUTTONbutton", "SELECTselect-one", "DIV", "SUMMARY"} <= reached
