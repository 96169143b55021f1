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
from rapidstem.report.page_parts import Cloud, Report, ReportFigure, ReportTable, Section, centre_clouds, image_slider, saved_figure
from rapidstem.report.page_writing import write_report
from rapidstem.report.position_verdict import verdict_sentences, verdict_table

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
    section = Section(
        "Positions",
        "Orange and aqua lie on each other.",
        figures=[ReportFigure(f"Losses of {name}.", png_bytes(drawing.figure), drawing.description, ["figures/losses.svg"])],
        tables=[ReportTable("Numbers", pd.DataFrame({name: [1.23456, float("nan")]}))],
        sliders=[image_slider("Field", name, random.normal(size=(32, 32)), "slow", random.normal(size=(32, 32)), 4.56)],
        clouds=centre_clouds(centres, centres + {"x_nm": 5, "y_nm": 0, "z_nm": 0, "plane": ""}),
    )
    return Report(
        f"Session {name}",
        verdict=verdict_sentences(errors_table()),
        errors=verdict_table(errors_table()),
        sections=[section],
        warnings=[f"{name}: three frames rejected"],
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
    write_report(tmp_path / "report.html", Report("x", sections=[Section("s", "l", clouds=[cloud])]))
    assert "<script>alert" not in (tmp_path / "report.html").read_text()


def test_an_empty_report_is_a_page(tmp_path):
    write_report(tmp_path / "report.html", Report("Nothing yet"))
    assert "<h1>Nothing yet</h1>" in (tmp_path / "report.html").read_text()


def test_verdict_puts_the_published_error_beside_rapid_against_slow_only():
    table = verdict_table(errors_table())
    assert table["mean |ΔGx| / nm"].tolist() == ["2.3", "3.1"] and table["mean |ΔGz| / nm"].tolist() == ["4.7", "–"]
    assert table["Zhao et al., x / z / nm"].tolist() == ["6.4 / 10.3", "–"]
    assert table["bias, x / z / nm"].tolist() == ["0.0 / 0.0", "0.0 / 0.0"]
    assert table["N, x / z"].tolist() == ["1700 / 1500", "1700 / 1500"]
    against_slow, against_truth = verdict_sentences(errors_table())
    assert "2.3 nm in x (N = 1700)" in against_slow and "6.4" in against_slow
    assert "Zhao" not in against_truth


def test_cells_are_printed_with_significant_digits(tmp_path):
    table = pd.DataFrame({"a": [1.23456, 0.0, 1.5e-7, 123456.0, float("nan")], "b": ["x", 7, True, None, np.int64(3)]})
    write_report(tmp_path / "report.html", Report("x", scores=[ReportTable("t", table, digits=4)]))
    cells = re.findall(r"<td>(.*?)</td>", (tmp_path / "report.html").read_text())
    assert cells == ["1.235", "x", "0", "7", "1.500e-07", "True", "1.235e+05", "–", "–", "3"]


def test_clouds_are_thinned_and_limited(tmp_path):
    centres = pd.DataFrame(np.zeros((50_000, 3)), columns=["x_nm", "y_nm", "z_nm"]).assign(plane="yz")
    clouds = centre_clouds(centres, centres)
    assert 5_000 < len(clouds[0].points_nm) <= 10_000
    too_many = Section("s", "l", clouds=[Cloud("a", "#000000", np.zeros((20_001, 3)))])
    with pytest.raises(InputError, match="at most 20000"):
        write_report(tmp_path / "report.html", Report("x", sections=[too_many]))


def test_a_report_too_large_to_mail_is_refused_and_the_old_one_kept(tmp_path):
    (tmp_path / "report.html").write_text("old")
    with pytest.raises(InputError, match="25 MB"):
        write_report(tmp_path / "report.html", Report("x", warnings=["w" * 26_000_000]))
    assert (tmp_path / "report.html").read_text() == "old"


def test_many_large_figures_still_make_a_report(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(noise).save(png, "PNG")
    figures = [ReportFigure("noise", png.getvalue(), "noise")] * 12
    size = write_report(tmp_path / "report.html", Report("x", sections=[Section("s", "l", figures=figures)]))
    assert len(png.getvalue()) * 12 > 25_000_000 > size
    pictures = re.findall(r'src="data:image/webp;base64,([^"]+)"', (tmp_path / "report.html").read_text())
    assert len(pictures) == 12 and Image.open(io.BytesIO(base64.b64decode(pictures[0]))).format == "WEBP"


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
    assert seen["lit"] > seen["litWithoutClouds"] > 0
    assert seen["overflow"] <= 0


def test_saved_figure_keeps_picture_and_words_and_links_to_its_files(tmp_path):
    drawing = drift_trace(np.zeros((3, 2)), np.zeros(3), np.ones(3, bool))
    save_drawing(drawing, tmp_path / "figures/field/drift")
    figure = saved_figure(tmp_path / "figures/field/drift", "Drift.", tmp_path)
    assert figure.png == (tmp_path / "figures/field/drift.png").read_bytes()
    assert figure.description == drawing.description
    assert list(figure.links) == ["figures/field/drift.png", "figures/field/drift.svg", "figures/field/drift.csv"]
