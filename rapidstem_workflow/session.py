"""The session that a configuration describes: what it is made of, and what is asked of whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd

from rapidstem.denoising import NEIGHBOURS, NOISE_FREE, DenoiserSettings, NetworkSettings, denoiser_settings
from rapidstem.files import FILE_COLUMNS, row_reading
from rapidstem_workflow.setting_order import without_defaults
from rapidstem_workflow.variants import SLOW, Variant, rapid_variants


@dataclass(frozen=True)
class Session:
    """A session's name, its sheet of acquisitions (indexed by name) and its configuration with all defaults."""

    name: str
    sheet: pd.DataFrame
    config: dict[str, Any]

    @property
    def folder(self) -> str:
        """Where the results lie, relative to where Snakemake runs."""
        return f"results/{self.name}"

    @property
    def simulated(self) -> bool:
        """Whether the virtual microscope makes the raw files."""
        return "simulate" in self.config

    @property
    def networks(self) -> list[str]:
        """The denoisers that are networks which see one frame."""
        return [name for name in self.field_denoisers if name != "bm3d"]

    @property
    def field_denoisers(self) -> list[str]:
        """The denoisers of single frames, which fields at rest have, too: all but those that learn from every tilt series for itself."""
        return [name for name in self.denoisers if not self.learns_from_series(name)]

    def learns_from_series(self, name: str) -> bool:
        """Whether a denoiser learns from every tilt series for itself."""
        settings = self.settings_of(name)
        return isinstance(settings, NetworkSettings) and settings.sampler == NEIGHBOURS

    @property
    def adopted(self) -> list[str]:
        """The networks that were trained earlier."""
        return [name for name in self.networks if self.network_settings(name).model]

    @property
    def trained_on_simulation(self) -> list[str]:
        """The networks that this session trains on simulated fields alone."""
        return [name for name in self.networks if name not in self.adopted and self.network_settings(name).target == NOISE_FREE]

    @property
    def learners(self) -> list[str]:
        """The filters that learn from the training fields, or are tuned on them."""
        others = {*self.adopted, *self.trained_on_simulation}
        return [name for name in self.field_denoisers if name not in others]

    @property
    def trained(self) -> list[str]:
        """The networks that this session trains on its training fields."""
        return [name for name in self.learners if name in self.networks]

    @property
    def stating_intervals(self) -> list[str]:
        """The networks that state an interval for every pixel: those of this session with a reference and validation fields."""
        settings = {name: self.network_settings(name) for name in self.trained if len(self.acquisitions("training")) > 1}
        return [
            name
            for name, each in settings.items()
            if each.target in ("dcfi", "slow") and each.validation_share > 0 and each.averaged_frames == 1 and not each.most_fields
        ]

    @property
    def learns_references(self) -> bool:
        """Whether a denoiser learns from reference images of the training fields, or is tuned on them."""
        return any(self.settings_of(name).target != "none" for name in self.learners)

    @property
    def denoisers(self) -> list[str]:
        """Names of all filters of the session."""
        return [entry["name"] for entry in self.config["denoisers"]]

    @cached_property
    def _rows(self) -> dict[str, dict[str, Any]]:
        """The rows of the sheet by name: a large graph asks for them ten thousand times."""
        return self.sheet.to_dict("index")

    @cached_property
    def _paths(self) -> dict[tuple[str, str], str]:
        """The raw files of the sheet by acquisition and column, as rules name them: a large graph asks for each of them several times."""
        here = Path.cwd()
        return {
            (name, column): _seen_from(here, Path(row[column])) if row[column] else ""
            for name, row in self._rows.items()
            for column in FILE_COLUMNS
        }

    def acquisitions(self, *kinds: str) -> list[str]:
        """Names of the acquisitions of these kinds, or of all, in the order of the sheet."""
        return self.sheet.index[self.sheet["kind"].isin(kinds) | (not kinds)].to_list()

    @property
    def left_out(self) -> list[str]:
        """Names of the acquisitions of the sheet that do not take part."""
        return self.config["leave_out"]

    def paired(self, *kinds: str) -> list[str]:
        """Names of the fields of these kinds that have a slow image."""
        return [name for name in self.acquisitions(*kinds) if self._rows[name]["slow"]]

    @cached_property
    def _rapid_variants(self) -> list[Variant]:
        """What every rapid series is reconstructed as."""
        return rapid_variants(self.config["tomography"]["denoisers"], self.config["tomography"]["geometry"])

    def variant(self, name: str) -> Variant:
        """The variant of a name, as files have it."""
        return next(variant for variant in [SLOW, *self._rapid_variants] if variant.name == name)

    def variants(self, acquisition: str) -> list[Variant]:
        """The series of a tilt acquisition that are reconstructed: `slow`, where there is one, and the rapid ones."""
        return [*([SLOW] if self._rows[acquisition]["slow"] else []), *self._rapid_variants]

    @property
    def reconstructed(self) -> list[str]:
        """The tilt series that have a variant: without a filter to reconstruct with, those that have a slow one."""
        return [name for name in self.acquisitions("tilt_series") if self.variants(name)]

    def shown_variants(self, acquisition: str) -> list[Variant]:
        """The variants whose lines are traced and drawn: those of the first geometry; others stand beside them in the tables."""
        first = self.config["tomography"]["geometry"][0]
        return [variant for variant in self.variants(acquisition) if variant.is_slow or variant.geometry == first]

    def compared_with_slow(self, variants: Sequence[Variant]) -> list[str]:
        """Names of the rapid ones among variants where the slow one is among them, too."""
        return [variant.name for variant in variants if not variant.is_slow] if SLOW in variants else []

    def treatments(self, variant: Variant) -> dict[str, str]:
        """Names of positions that show a variant's time lag: those with one angle a frame, and those after its calibration."""
        lagging = next((each for each in self._rapid_variants if each.denoiser == variant.denoiser and each.has_time_lag), None)
        if lagging is None:
            return {}
        names = {} if lagging == variant else {"one angle a frame": lagging.name}
        return names | {"one angle a frame, calibrated": lagging.calibrated_name}

    def alignment_settings(self, variant: Variant) -> dict[str, Any]:
        """How a variant is aligned, as plain values for `rapidstem.tomography.alignment.AlignmentSettings`."""
        tomography = self.config["tomography"]
        return {
            "thickness_nm": tomography["thickness_nm"],
            "angle_sigma_deg": tomography[f"{variant.column}_angle_sigma_deg"],
            "line_width_nm": tomography["line_width_nm"],
            "fallback": tomography["alignment_fallback"],
            "features": tomography["alignment_features"],
            "frame_motion": tomography["frame_motion"],
        }

    @property
    def live_alignment(self) -> dict[str, Any]:
        """How a series that is being written is aligned: as the rapid ones of the session."""
        return self.alignment_settings(self._rapid_variants[0])

    @property
    def calibration_fields(self) -> list[str]:
        """The fields that the scan distortion is measured on: those of kind calibration, else the training fields."""
        return self.paired("calibration") or self.paired("training")

    @property
    def model_series(self) -> str | None:
        """The tilt series that training fields must resemble, the first where the named one is left out; none without a series or limit."""
        series = self.acquisitions("tilt_series")
        training = self.config["training"]
        if training["largest_histogram_distance"] is None or not series:
            return None
        return training["similar_to"] if training["similar_to"] in series else series[0]

    def denoiser_overrides(self, name: str) -> dict[str, Any]:
        """What the configuration sets for one denoiser, but for what it would be without."""
        return without_defaults(self._written(name), partial(denoiser_settings, name))

    def settings_of(self, name: str) -> DenoiserSettings:
        """All settings of one denoiser."""
        return denoiser_settings(name, self._written(name))

    def _written(self, name: str) -> dict[str, Any]:
        """What stands in the configuration of one denoiser."""
        entry = next(entry for entry in self.config["denoisers"] if entry["name"] == name)
        return {key: value for key, value in entry.items() if key != "name"}

    def network_settings(self, name: str) -> NetworkSettings:
        """All settings of one network."""
        settings = self.settings_of(name)
        assert isinstance(settings, NetworkSettings)
        return settings

    @property
    def single_field_frames(self) -> dict[str, int]:
        """Training frames of each network that learns from slow images, 0 where they are of many fields; empty if none has one field."""
        chosen = [(name, self.settings_of(name)) for name in self.networks]
        learners = {name: each for name, each in chosen if isinstance(each, NetworkSettings) and each.target == "slow"}
        frames = {name: each.most_frames if each.most_fields == 1 else 0 for name, each in learners.items()}
        return frames if any(frames.values()) else {}

    @property
    def measures_distortion(self) -> bool:
        """Whether the scan distortion is measured on fields of the session: no map is given, and it is to be corrected."""
        return not self.saved_map and self.config["distortion"]["method"] != "none"

    @property
    def saved_map(self) -> str | None:
        """The distortion map that the configuration gives."""
        return self.config["distortion"]["map"] if self.config["distortion"]["method"] != "none" else None

    def kind(self, acquisition: str) -> str:
        """The kind of an acquisition."""
        return str(self._rows[acquisition]["kind"])

    def tilt_deg(self, acquisition: str) -> float | None:
        """The tilt of a field; none for a series."""
        tilt = self._rows[acquisition]["tilt"]
        return None if pd.isna(tilt) else float(tilt)

    def temperature(self, acquisition: str) -> str:
        """The temperature of an in-situ series as the sheet states it, empty where it does not."""
        return str(self._rows[acquisition]["temperature"])

    def tomogram(self, acquisition: str) -> str:
        """The tilt series of the same field that an in-situ series, or a later tilt series, names; empty where it names none."""
        return str(self._rows[acquisition]["tomogram"])

    @property
    def followed(self) -> list[str]:
        """The in-situ series whose lines are followed in three dimensions: those that name a tilt series that is reconstructed."""
        return [name for name in self.acquisitions("in_situ") if self.tomogram(name) in self.reconstructed]

    @property
    def matched_sweeps(self) -> list[tuple[str, str]]:
        """Tilt series that name an earlier one of the same field that takes part, with the names of the variants that both have."""
        series = self.acquisitions("tilt_series")
        repeated = [(name, self.tomogram(name)) for name in series if self.tomogram(name) in series]
        own = {name: [variant.name for variant in self.shown_variants(name)] for name in series}
        return [(name, variant) for name, earlier in repeated for variant in own[name] if variant in own[earlier]]

    @property
    def followed_sweeps(self) -> list[tuple[str, str]]:
        """Those of them whose frames follow each other so fast that lines may be followed through them: the rapid ones with times."""
        variants = [(name, self.variant(variant)) for name, variant in self.matched_sweeps]
        return [(name, variant.name) for name, variant in variants if not variant.is_slow and not variant.has_time_lag]

    def followed_variant(self, acquisition: str, denoiser: str) -> str:
        """Name of the variant of the tilt series whose lines are followed: of the same denoiser, else the slow one, else the first."""
        variants = self.shown_variants(self.tomogram(acquisition))
        own = [variant for variant in variants if variant.denoiser == denoiser]
        return [*own, *variants][0].name

    @property
    def in_situ_denoisers(self) -> list[str]:
        """The networks whose in-situ series are written: those of the configuration, else all that are trained."""
        chosen = self.config["in_situ"]["denoisers"]
        return self.networks if chosen is None else chosen

    def row_reading(self, acquisitions: Iterable[str]) -> dict[str, dict[str, Any]]:
        """How raw files of these acquisitions are read whose rows have it otherwise than the configuration, by the paths of these."""
        files = [(name, column) for name in acquisitions for column in FILE_COLUMNS if self._rows[name][column]]
        reading = self.config["reading"]
        own = {self.path(name, column): row_reading(self._rows[name], column, reading) for name, column in files}
        return {path: settings for path, settings in own.items() if settings != reading}

    def started_s(self, acquisition: str) -> float | None:
        """When the recording of an acquisition began as the sheet states it, in Unix time; none where it does not."""
        started_s = self._rows[acquisition]["started"]
        return None if pd.isna(started_s) else float(started_s)

    def path(self, acquisition: str, column: str) -> str:
        """A raw file of an acquisition, relative to the working directory where it lies below it; empty where there is none."""
        return self._paths[acquisition, column]


def _seen_from(folder: Path, path: Path) -> str:
    """A path relative to a folder where it lies below it."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
