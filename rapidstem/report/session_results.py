"""The folder of a finished session: what it holds, and its tables and figures by their place in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from rapidstem.dislocations.pairing import RigidMotion
from rapidstem.figures.figure_registry import figure_entry
from rapidstem.files.tables import read_table
from rapidstem.frames.instrument_comparison import COMPARISON_COLUMNS
from rapidstem.report.page_parts import ReportFigure, saved_figure
from rapidstem.scores.positional_error import removed_motion


@dataclass(frozen=True)
class SessionContents:
    """Which acquisitions, variants and figures a session holds.

    Attributes
    ----------
    session : its name.
    fields : all fields of view.
    paired_fields : those with a slow image that a denoiser learns from or is tested on.
    test_fields, compared_fields : the fields that are drawn one by one; those that are compared with the instrument's own integration.
    series : the variants of each tilt series.
    shown : those of them whose lines are traced and drawn.
    against_slow : the drawn ones that are compared with the slow series; none where there is no slow series.
    in_situ : the denoisers of each in-situ series.
    followed : the in-situ series whose lines were followed in three dimensions.
    matched_sweeps : by tilt series that names an earlier one of its field, the variants whose lines were matched with those of that one.
    followed_sweeps : the same for those through whose frames the earlier lines were followed.
    figures : names of the figures that were drawn, by scope.
    left_out : acquisitions that do not take part.
    remarks : what is odd about raw files.
    configuration : its sections, with all defaults, as the page repeats them.
    """

    session: str
    fields: Sequence[str] = ()
    paired_fields: Sequence[str] = ()
    test_fields: Sequence[str] = ()
    compared_fields: Sequence[str] = ()
    series: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    against_slow: Mapping[str, Sequence[str]] = field(default_factory=dict)
    in_situ: Mapping[str, Sequence[str]] = field(default_factory=dict)
    followed: Sequence[str] = ()
    matched_sweeps: Mapping[str, Sequence[str]] = field(default_factory=dict)
    followed_sweeps: Mapping[str, Sequence[str]] = field(default_factory=dict)
    figures: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    remarks: Sequence[str] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def series_variants(self) -> list[tuple[str, str]]:
        """Every tilt series with each of its variants."""
        return [(series, variant) for series, variants in self.series.items() for variant in variants]

    @property
    def shown_variants(self) -> list[tuple[str, str]]:
        """Every tilt series with each of its variants that is drawn."""
        return [(series, variant) for series, variants in self.shown.items() for variant in variants]

    @property
    def measures_distortion(self) -> bool:
        """Whether the map of the scan distortion was measured in this session, so that its residual is known."""
        return bool(self.figures["distortion"]) and not self.configuration["distortion"]["map"]

    @property
    def denoisers(self) -> list[str]:
        """All of the session."""
        return [settings["name"] for settings in self.configuration["denoisers"]]

    @property
    def subjects(self) -> set[str]:
        """Acquisitions, denoisers and variants: what the logs and times of its jobs are called after."""
        acquisitions = {*self.fields, *self.series, *self.in_situ, *self.left_out}
        variants = {variant for _, variant in self.series_variants}
        return acquisitions | variants | {*self.denoisers} | {f"rapid-{denoiser}" for denoiser in self.denoisers}

    @property
    def reconstructed(self) -> list[str]:
        """The denoisers whose series are reconstructed."""
        return list(self.configuration["tomography"]["denoisers"])

    @property
    def line_width_nm(self) -> float:
        """Full width at half depth of the lines in the images."""
        return float(self.configuration["tomography"]["line_width_nm"])


@dataclass(frozen=True)
class Results:
    """The folder of a finished session."""

    folder: Path

    def figure(self, name: str, *subject: str) -> ReportFigure:
        """A figure that was drawn of a field, a variant of a series, or, without a subject, of the whole session."""
        words = f"{', '.join(subject)}: " if subject else ""
        stem = self.folder.joinpath("figures", *subject, name)
        return saved_figure(stem, f"{words}{figure_entry(name).full_caption}.", self.folder)

    def table(self, name: str) -> pd.DataFrame:
        """A table, by its path below the folder."""
        return read_table(self.folder / name, ())

    def table_if_made(self, name: str) -> pd.DataFrame:
        """The same; empty where the session has none, as of scores without a truth."""
        return self.table(name) if (self.folder / name).exists() else pd.DataFrame()

    def instrument(self, contents: SessionContents) -> pd.DataFrame:
        """How the fields compare with the instrument's own integration; empty where no field can be compared."""
        return self.table("dcfi/instrument.csv") if contents.compared_fields else pd.DataFrame(columns=COMPARISON_COLUMNS)

    def motion(self, series: str, variant: str) -> RigidMotion:
        """What brings a variant's tomogram onto that of the slow series."""
        return removed_motion(self.table("evaluation/positional_error.csv"), series, variant, "slow")

    def gathered(self, names: Mapping[str, str], column: str) -> pd.DataFrame:
        """Tables below each other, each with its name in a first column; empty where there is none."""
        tables = []
        for name, path in names.items():
            tables.append(self.table(path))
            tables[-1].insert(0, column, name)
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
