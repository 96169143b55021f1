"""How frames were scanned, as far as it must be alike where something is carried from one acquisition to another."""

from collections.abc import Iterator
from dataclasses import dataclass

from rapidstem.files.image_stacks import StackHeader

# Relative: magnifications are calibrated to some per cent and differ by far more from step to step; dwell times likewise.
_PIXEL_SIZE_TOLERANCE, _DWELL_TIME_TOLERANCE = 0.05, 0.1


@dataclass(frozen=True)
class ScanFormat:
    """What a distortion map or a network is made for; None for what is not known, or does not matter.

    Attributes
    ----------
    columns : of a frame.
    pixel_size_nm : edge length of a pixel.
    dwell_time_s : time on one pixel.
    detector : its name.
    """

    columns: int | None = None
    pixel_size_nm: float | None = None
    dwell_time_s: float | None = None
    detector: str | None = None

    @classmethod
    def of(cls, header: StackHeader) -> "ScanFormat":
        """The format of recorded frames.

        Parameters
        ----------
        header
            Of the file with the frames.
        """
        return cls(header.shape[2], header.pixel_size_nm, header.dwell_time_s, header.detector)

    def differences(self, other: "ScanFormat", made: str) -> Iterator[str]:
        """What is clearly another in the other format: pixels by more than 5 %, dwell times by more than 10 %, anything else at all.

        Parameters
        ----------
        other : the format of frames that what was made for this format is to be applied to.
        made : what it was made by, as `trained`.

        Yields
        ------
        phrase : such as `pixels of 9.12 nm where it was trained with 4.56 nm`.
        """
        if self.columns and other.columns and self.columns != other.columns:
            yield f"{other.columns} columns where it was {made} with {self.columns}"
        if _differ(self.pixel_size_nm, other.pixel_size_nm, _PIXEL_SIZE_TOLERANCE):
            yield f"pixels of {other.pixel_size_nm:.4g} nm where it was {made} with {self.pixel_size_nm:.4g} nm"
        if _differ(self.dwell_time_s, other.dwell_time_s, _DWELL_TIME_TOLERANCE):
            yield f"a dwell time of {other.dwell_time_s:.4g} s where it was {made} with {self.dwell_time_s:.4g} s"
        if self.detector and other.detector and self.detector != other.detector:
            yield f"the detector {other.detector} where it was {made} with {self.detector}"


def _differ(first: float | None, second: float | None, tolerance: float) -> bool:
    return bool(first and second and max(first / second, second / first) > 1 + tolerance)
