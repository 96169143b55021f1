import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rapidstem.errors import InputError
from rapidstem.figures.drift_figures import drift_trace
from rapidstem.figures.style import png_bytes, save_drawing
from rapidstem.figures.training_figures import loss_curves
from rapidstem.report.page_parts import (
    Cloud,
    Number,
    Overview,
    Panel,
    Report,
    ReportFigure,
    ReportTable,
    Section,
    centre_cloud,
    image_slider,
    saved_figure,
)
from rapidstem.report.page_writing import write_report
from rapidstem.report.position_verdict import error_sentences, error_table
from rapidstem.report.session_verdicts import Observation, judge, session_verdict, stage_verdict

HOSTILE = '<img src=x onerror="alert(1)">'
PROBE = """<script>
const seen = {errors: []};
window.onerror = message => seen.errors.push(message);
const pixels = canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
const lit = canvas => pixels(canvas).filter((value, place) => place % 4 === 3 && value > 0).length;
const sum = canvas => pixels(canvas).reduce((total, value) => (total * 31 + value) | 0, 0);
setTimeout(() => {
  const [top, input, canvas] = [".slider .top", ".slider input", "canvas"].map(name => document.querySelector(name));
  input.value = 80;
  input.dispatchEvent(new Event("input"));
  seen.clip = getComputedStyle(top).clipPath;
  seen.lit = lit(canvas);
  const before = sum(canvas);
  canvas.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  seen.turned = sum(canvas) !== before;
  const [time, told, early] = [document.querySelector("input[data-time]"), document.querySelector(".view output"), sum(canvas)];
  time.value = 1;
  time.dispatchEvent(new Event("input"));
  seen.moved = sum(canvas) !== early;
  seen.time = told.textContent;
  document.querySelectorAll("input[data-cloud]").forEach(box => box.click());
  seen.litWithoutClouds = lit(canvas);
  seen.overflow = document.documentElement.scrollWidth - window.innerWidth;
  document.title = JSON.stringify(seen);
}, 300);
</script>"""


def errors_table():
    row = {"acquisition": "series", "variant": "rapid-dlf-slow", "against": "slow", "axis": "x", "mean_abs_nm": 2.345, "median_abs_nm": 1.9}
    row |= {"bias_nm": -0.01, "pairs": 1700, "unpaired": 200, "paired_percent": 89.5}
    against_slow = [row, row | {"axis": "z", "mean_abs_nm": 4.71, "pairs": 1500}]
    against_truth = [
        each | {"against": "truth", "mean_abs_nm": value} for each, value in zip(against_slow, (3.1, float("nan")), strict=True)
    ]
    return pd.DataFrame(against_slow + against_truth)


def a_report(name="demo"):
    random = np.random.default_rng(0)
    losses = pd.DataFrame({"step": [1, 2], "training_loss": [2.0, 1.0], "validation_loss": [2.0, 1.5]})
    centres = pd.DataFrame(random.normal(size=(400, 3)) * 100, columns=["x_nm", "y_nm", "z_nm"]).assign(plane="yz")
    drawing = loss_curves({name: losses})
    figure = ReportFigure(f"Losses of {name}.", png_bytes(drawing.figure), drawing.description, ["figures/losses.svg"])
    slider = image_slider("Field", name, random.normal(size=(32, 32)), "slow", random.normal(size=(32, 32)), 4.56)
    judged = judge([Observation("lost_ends", 31, name, name), Observation("track_residual", 0.4, name, name)])
    section = Section(
        "Positions",
        "Orange and aqua lie on each other.",
        [Panel("a", [figure], [slider]), Panel(name, [figure, figure])],
        findings=error_sentences(errors_table()),
        verdict=stage_verdict(judged, "lines", name),
        tables=[error_table(errors_table()), ReportTable("Numbers", pd.DataFrame({name: [1.23456, float("nan")]}))],
    )
    clouds = [centre_cloud("rapid", centres), centre_cloud("slow", centres + {"x_nm": 5, "y_nm": 0, "z_nm": 0, "plane": ""})]
    ways = [np.array([[-80.0, 0, 0], [80, 40, shift]]) for shift in (0, 90)]
    clouds.append(Cloud(name, "#ffffff", np.zeros((0, 3)), times_s=[0.0, 0.07], moved_nm=[[way] for way in ways]))
    return Report(
        f"Session {name}",
        verdict=session_verdict(judged),
        overviews=[Overview(name, clouds, [Number(name, "19", name, "good")])],
        sections=[section],
        warnings=[f"{name}: three frames rejected {number}" for number in range(5)],
        settings={"seed": 1, name: "x"},
        versions={"numpy": np.__version__},
        times=pd.DataFrame({"job": ["train"], "s": [12.3456]}),
    )


class Page(HTMLParser):
    """What a browser would load from elsewhere, and pictures without words."""

    def __init__(self):
        super().__init__()
        self.loaded, self.wordless, self.handlers = [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.handlers += [name for name in attributes if name.startswith("on")]
        if tag in ("img", "script", "link", "iframe"):
            self.loaded += [attributes[key] for key in ("src", "href") if key in attributes and not attributes[key].startswith("data:")]
        if tag == "img" and not attributes.get("alt"):
            self.wordless.append(attributes)


def parsed(path):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def test_the_report_is_one_file_without_a_network(tmp_path):
    size = write_report(tmp_path / "report.html", a_report())
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert size == (tmp_path / "report.html").stat().st_size
    page = parsed(tmp_path / "report.html")
    assert page.loaded == []
    assert page.wordless == []
    assert not re.search(r"https?://", (tmp_path / "report.html").read_text())


def test_names_are_escaped_everywhere(tmp_path):
    write_report(tmp_path / "report.html", a_report(HOSTILE))
    page = parsed(tmp_path / "report.html")
    assert page.handlers == []
    assert "x" not in page.loaded
    assert HOSTILE not in (tmp_path / "report.html").read_text()


def test_a_cloud_name_cannot_end_the_script(tmp_path):
    cloud = Cloud("</script><script>alert(1)</script>", "#000000", np.zeros((2, 3)))
    write_report(tmp_path / "report.html", Report("x", overviews=[Overview("s", [cloud])]))
    assert "<script>alert" not in (tmp_path / "report.html").read_text()


def test_lines_that_move_have_a_slider_of_their_times(tmp_path):
    moved = [[np.array([[0.0, 0, 0], [10.04, 20, 30]])], []]
    clouds = [Cloud("lines in motion", "#000000", np.zeros((0, 3)), times_s=[0.0, 0.07], moved_nm=moved)]
    write_report(tmp_path / "report.html", Report("x", sections=[Section("s", "l", [Panel("a", clouds=clouds)])]))
    page = (tmp_path / "report.html").read_text()
    assert re.search(r'<input type="range" data-time min="0" max="1" value="0"', page)
    (told,) = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page).group(1))
    assert told["times"] == [0.0, 0.07] and told["moved"] == [[[0, 0, 0, 100, 200, 300]], []]


def test_an_empty_report_is_a_page(tmp_path):
    write_report(tmp_path / "report.html", Report("Nothing yet"))
    assert "<h1>Nothing yet</h1>" in (tmp_path / "report.html").read_text()


def test_published_errors_stand_beside_rapid_against_slow_only():
    item = error_table(errors_table())
    table = item.table
    assert table["mean |ΔG|, x / z / nm"].tolist() == ["2.3 / 4.7", "3.1 / –"]
    assert "6.4 / 10.3 nm rapid against slow" in item.note
    assert table["bias, x / z / nm"].tolist() == ["0.0 / 0.0", "0.0 / 0.0"]
    assert table["N, x / z"].tolist() == ["1700 / 1500", "1700 / 1500"]
    against_slow, against_truth = error_sentences(errors_table())
    assert "2.3 nm in x (N = 1700)" in against_slow and "6.4" in against_slow
    assert "Zhao" not in against_truth


def test_cells_are_printed_with_significant_digits(tmp_path):
    table = pd.DataFrame({"a": [1.23456, 0.0, 1.5e-7, 123456.0, float("nan")], "b": ["x", 7, True, None, np.int64(3)]})
    write_report(tmp_path / "report.html", Report("x", sections=[Section("s", "l", tables=[ReportTable("t", table, digits=4)])]))
    cells = re.findall(r"<td>(.*?)</td>", (tmp_path / "report.html").read_text())
    assert cells == ["1.235", "x", "0", "7", "1.500e-07", "True", "1.235e+05", "–", "–", "3"]


def test_clouds_are_thinned_and_limited(tmp_path):
    centres = pd.DataFrame(np.zeros((50_000, 3)), columns=["x_nm", "y_nm", "z_nm"]).assign(plane="yz")
    assert 5_000 < len(centre_cloud("rapid", centres).points_nm) <= 10_000
    too_many = Overview("s", [Cloud("a", "#000000", np.zeros((20_001, 3)))])
    with pytest.raises(InputError, match="at most 20000"):
        write_report(tmp_path / "report.html", Report("x", overviews=[too_many]))


def test_a_report_too_large_to_mail_is_refused_and_the_old_one_kept(tmp_path):
    (tmp_path / "report.html").write_text("old")
    with pytest.raises(InputError, match="10 MB"):
        write_report(tmp_path / "report.html", Report("x", warnings=["w" * 11_000_000]))
    assert (tmp_path / "report.html").read_text() == "old"


def test_many_large_figures_still_make_a_report(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(noise).save(png, "PNG")
    figures = [ReportFigure("noise", png.getvalue(), "noise")] * 12
    size = write_report(tmp_path / "report.html", Report("x", sections=[Section("s", "l", [Panel("", figures)])]))
    assert len(png.getvalue()) * 12 > 10_000_000 > size
    pictures = re.findall(r'src="data:image/webp;base64,([^"]+)"', (tmp_path / "report.html").read_text())
    assert len(pictures) == 12 and Image.open(io.BytesIO(base64.b64decode(pictures[0]))).format == "WEBP"


class Outline(HTMLParser):
    """Which text lies outside of all folded parts, and how deep the parts are nested."""

    def __init__(self):
        super().__init__()
        self.open, self.shown = [], ""

    def handle_starttag(self, tag, attrs):
        if tag in ("details", "script", "style", "head"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and tag == self.open[-1]:
            self.open.pop()

    def handle_data(self, data):
        self.shown += "" if self.open else data


def shown_text(path):
    outline = Outline()
    outline.feed(path.read_text(encoding="utf-8"))
    assert outline.open == []
    return outline.shown


def test_what_comes_first_is_the_verdict_and_what_is_not_needed_is_folded(tmp_path):
    write_report(tmp_path / "report.html", a_report())
    shown = shown_text(tmp_path / "report.html")
    places = [
        shown.index(words) for words in ("used with care", "19", "Warnings", "Next time", "On this page", "Look for:") if words in shown
    ]
    assert len(places) == 5 and places == sorted(places)
    assert "ends lost inside the foil: 31 % in demo (good: at most 10 %)" in shown
    assert "Record more electrons a frame" in shown
    assert "three frames rejected 1" in shown and "three frames rejected 2" not in shown
    assert "Errors of the dislocation positions" not in shown and "How it was made" in shown


def test_one_panel_of_several_is_chosen_from_a_list_and_shows_one_picture(tmp_path):
    write_report(tmp_path / "report.html", a_report())
    page = (tmp_path / "report.html").read_text()
    assert re.findall(r"<option[^>]*>(.*?)</option>", page) == ["a", "demo"]
    panels = page.split('<div class="panel"')[1:]
    lists = [panel.split("<details>")[0].count("<figure") for panel in panels]
    assert lists == [1, 1, 1]
    alone = Report("x", sections=[Section("s", "l", [Panel("a")])])
    write_report(tmp_path / "alone.html", alone)
    assert "<select>" not in (tmp_path / "alone.html").read_text()


def test_slider_images_have_one_shape():
    with pytest.raises(InputError, match="one geometry"):
        image_slider("Field", "raw", np.zeros((3, 4)), "slow", np.zeros((4, 4)), 1.0)


def test_the_slider_has_a_scale_bar_of_a_round_length():
    slider = image_slider("Field", "raw", np.zeros((8, 200)), "slow", np.ones((8, 200)), 4.56)
    assert slider.bar_label == "200 nm"
    assert slider.bar_percent * 200 * 4.56 / 100 == pytest.approx(200.0)


def test_a_browser_draws_turns_and_slides(tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("no Chromium to open the report in")
    write_report(tmp_path / "report.html", a_report())
    page = (tmp_path / "report.html").read_text()
    (tmp_path / "probe.html").write_text(page.replace("<body>", "<body>" + PROBE))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    options += [f"--user-data-dir={tmp_path}/profile", "--window-size=500,900", "--virtual-time-budget=5000", "--dump-dom"]
    shown = subprocess.run(
        [browser, *options, f"file://{tmp_path}/probe.html"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    seen = json.loads(re.search(r"<title>(.*?)</title>", shown).group(1))
    assert seen["errors"] == []
    assert seen["clip"] == "inset(0px 20% 0px 0px)"
    assert seen["turned"]
    assert seen["moved"] and seen["time"] == "0.07 s"
    assert seen["lit"] > seen["litWithoutClouds"] > 0
    assert seen["overflow"] <= 0


def test_saved_figure_keeps_picture_and_words_and_links_to_its_files(tmp_path):
    drawing = drift_trace(np.zeros((3, 2)), np.zeros(3), np.ones(3, bool))
    save_drawing(drawing, tmp_path / "figures/field/drift")
    figure = saved_figure(tmp_path / "figures/field/drift", "Drift.", tmp_path)
    assert figure.png == (tmp_path / "figures/field/drift.png").read_bytes()
    assert figure.description == drawing.description
    assert list(figure.links) == ["figures/field/drift.png", "figures/field/drift.svg", "figures/field/drift.csv"]
