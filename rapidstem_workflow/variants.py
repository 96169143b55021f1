"""The ways in which one tilt acquisition is reconstructed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Geometry = Literal["per-row", "per-frame"]


@dataclass(frozen=True)
class Variant:
    """A series of a tilt acquisition and how it is reconstructed.

    Attributes
    ----------
    name : str
        In the names of files.
    denoiser : str or None
        Of a rapid series; None for the slow series, which is reconstructed as it is.
    geometry : {"per-row", "per-frame"}
        Whether each row has a tilt of its own, or each frame; during a slow frame the stage stands still.
    """

    name: str
    denoiser: str | None
    geometry: Geometry

    @property
    def is_slow(self) -> bool:
        """Whether it is the slow series."""
        return self.denoiser is None

    @property
    def column(self) -> Literal["slow", "rapid"]:
        """Column of the sheet that names its raw file."""
        return "slow" if self.is_slow else "rapid"

    @property
    def has_time_lag(self) -> bool:
        """Whether one angle stands for a frame during which the stage went on turning (Zhao et al. 2021, Fig. 7)."""
        return not self.is_slow and self.geometry == "per-frame"

    @property
    def calibrated_name(self) -> str:
        """Name of its positions after the time lag was calibrated away as Zhao et al. propose."""
        return f"{self.name}-calibrated"


SLOW = Variant("slow", None, "per-frame")


def rapid_variants(denoisers: Sequence[str], geometries: Sequence[Geometry]) -> list[Variant]:
    """Every denoiser with every geometry; the first geometry has no name of its own, a second one ends the variant's name."""
    endings = {geometry: f"-{geometry}" if number else "" for number, geometry in enumerate(geometries)}
    return [Variant(f"rapid-{denoiser}{ending}", denoiser, geometry) for denoiser in denoisers for geometry, ending in endings.items()]
