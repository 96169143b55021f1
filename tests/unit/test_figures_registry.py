"""One list of figures: every function that draws stands in it, and nothing that does not exist."""

import importlib
import subprocess
import sys
from collections import Counter
from inspect import isfunction
from pathlib import Path
from typing import get_type_hints

import pandas as pd
import pytest
from matplotlib.figure import Figure

from rapidstem.figures import figure_registry, registered_drawing
from rapidstem.figures.figure_registry import LINES, REGISTRY, FigureEntry, figure_entry, figures_of
from rapidstem.figures.registered_drawing import draw_figures
from rapidstem.figures.style import Drawing

ROOM = Path(figure_registry.__file__).parent
# drawn by the two functions that stand in the registry, each against one reference
SHARED = {"denoising_figures.scores_by_tilt"}


def _drawing_functions() -> set[str]:
    """Public functions of the room that give a drawing."""
    found = set()
    for path in ROOM.glob("*_figures.py"):
        module = importlib.import_module(f"rapidstem.figures.{path.stem}")
        functions = {name: each for name, each in vars(module).items() if isfunction(each) and each.__module__ == module.__name__}
        drawing = [name for name, each in functions.items() if get_type_hints(each).get("return") is Drawing]
        found |= {f"{path.stem}.{name}" for name in drawing if not name.startswith("_")}
    return found


def test_every_figure_function_stands_in_the_registry_and_no_other() -> None:
    assert _drawing_functions() - SHARED == {entry.function for entry in REGISTRY}


def test_names_are_unique_and_captions_are_sentences_without_a_stop() -> None:
    assert max(Counter(entry.name for entry in REGISTRY).values()) == 1
    assert all(entry.caption and not entry.caption.endswith(".") for entry in REGISTRY)


def test_entries_are_found_by_scope_and_by_name() -> None:
    assert [entry.name for entry in figures_of(LINES)] == ["lines", "lengths", "planes"]
    entry = figure_entry("superposition")
    assert entry.full_caption == "Rapid (aqua) on slow (red), before and after the correction (as Zhao et al. 2021, Fig. 1g)"
    assert entry.module == "rapidstem.figures.distortion_figures"


def test_the_registry_costs_the_graph_of_jobs_nothing() -> None:
    code = "import sys; from rapidstem.figures import figures_of; print([n for n in ('matplotlib', 'pandas', 'numpy') if n in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOM.parents[1], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_figure_gets_the_data_that_its_parameters_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        @staticmethod
        def weights(heights: list[int], unit: str = "g") -> Drawing:
            return Drawing(Figure(), pd.DataFrame({"height": heights}), f"in {unit}")

    monkeypatch.setattr(registered_drawing, "import_module", {"rapidstem.figures.scales": Module}.get)
    draw_figures({"balance": "scales.weights"}, {"heights": [1, 2], "widths": [3]}, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["balance.csv", "balance.png", "balance.svg", "balance.txt"]
    assert pd.read_csv(tmp_path / "balance.csv")["height"].to_list() == [1, 2]
    with pytest.raises(TypeError, match="heights"):
        draw_figures({"balance": "scales.weights"}, {"widths": [3]}, tmp_path)


def test_an_entry_without_a_source_has_its_caption_alone() -> None:
    assert FigureEntry("a", LINES, "b.c", "Lengths").full_caption == "Lengths"
