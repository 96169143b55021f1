"""What the scripts that fit lines, in a batch run and live, write and say."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rapidstem.dislocations import LineNetwork
from rapidstem.lines import FittedLines
from rapidstem.lines.foil_height import FoilPlane
from tests.workflow.tiny_session import ROOT


@pytest.mark.parametrize(("slopes", "said"), [((0.05, -0.02), "rises by 2.9 degrees along x and -1.1 degrees along y"), ((0.0, 0.0), "")])
def test_the_log_says_by_how_much_a_foil_leans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], slopes: tuple[float, float], said: str
) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from line_files import write_fitted_lines

    box_nm = np.array([[-500.0, -400.0, -150.0], [500.0, 400.0, 150.0]])
    nothing = np.empty(0)
    found = FittedLines(LineNetwork([], box_nm), [], [], [], *[nothing] * 6, FoilPlane(0.0, np.array(slopes)))
    names = ("lines", "summary", "density", "polydata", "paradis")
    write_fitted_lines(SimpleNamespace(**{name: tmp_path / name for name in names}), found, None)
    log = capsys.readouterr().out
    assert said in log and ("the foil leans" in log) == any(slopes)
    assert all((tmp_path / name).exists() for name in names)
