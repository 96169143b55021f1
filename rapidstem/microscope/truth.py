"""What is true of a simulated acquisition; only the evaluation and the tests read it."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import h5py
import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.microscope.fault_records import read_faults, write_faults
from rapidstem.microscope.specimen.foil_faults import NO_FAULTS, FoilFaults
from rapidstem.microscope.specimen.joined_arms import whole_dislocations
from rapidstem.microscope.specimen.line_courses import LineCourse
from rapidstem.microscope.specimen.line_networks import DislocationLine

SCAN_FAULTS = ("row_shift_px", "beam_current", "hot_px")


@dataclass(frozen=True)
class StackTruth:
    """What is true of the frames of one file.

    Attributes
    ----------
    time_s : (frame,) start of each frame since the first
    row_tilt_deg : (frame, row) tilt when the row is scanned
    shift_px : (frame, 2) (dy, dx), where the specimen has moved to, on average over the rows
    row_shift_px : (frame, row, 2) by how much further each row is displaced; None for frames that are displaced as a whole
    beam_current : (frame, row) beam current while the row is scanned, 1 on average; None where it is steady
    hot_px : (pixel, 3) frame, row and column of hot pixels; None where there are none
    """

    time_s: np.ndarray
    row_tilt_deg: np.ndarray
    shift_px: np.ndarray
    row_shift_px: np.ndarray | None = None
    beam_current: np.ndarray | None = None
    hot_px: np.ndarray | None = None

    @property
    def start_tilt_deg(self) -> np.ndarray:
        """Tilt (frame,) when the first row is scanned."""
        return self.row_tilt_deg[:, 0]

    @property
    def middle_tilt_deg(self) -> np.ndarray:
        """Tilt (frame,) at the middle of the scan, between the two middle rows where their number is even."""
        rows = self.row_tilt_deg.shape[1]
        return (self.row_tilt_deg[:, (rows - 1) // 2] + self.row_tilt_deg[:, rows // 2]) / 2


@dataclass(frozen=True)
class AcquisitionTruth:
    """What is true of one acquisition.

    Attributes
    ----------
    name, kind : the acquisition's
    pixel_size_nm, foil_thickness_nm
    lines : dislocations of the specimen, those outside the field of view too; empty for the gold grating
    crystal_axes : (3, 3) the specimen's x, y, z in crystal axes, row by row
    rapid, slow : the frames of the two files
    rapid_px, slow_px : (column,) the distortion map
    clean : (y, x) noise-free image of a field in slow geometry at shift zero, 1 on the untilted background; None for a tilt series
    faults : of the foil
    courses : how lines move during a straining series or a later tilt series, by their number; `lines` are those before
    """

    name: str
    kind: str
    pixel_size_nm: float
    foil_thickness_nm: float
    lines: list[DislocationLine]
    crystal_axes: np.ndarray
    rapid: StackTruth
    slow: StackTruth
    rapid_px: np.ndarray
    slow_px: np.ndarray
    clean: np.ndarray | None
    faults: FoilFaults = NO_FAULTS
    courses: dict[int, LineCourse] = field(default_factory=dict)

    def lines_at(self, time_s: float) -> dict[int, np.ndarray]:
        """The lines (n, 3), nm, that are there at a time since the first frame, by their number.

        Parameters
        ----------
        time_s : float
            Since the first frame.

        Returns
        -------
        dict of int to (n, 3)
            Points in nm, in specimen axes; lines that have vanished are left out.
        """
        there = {number: line.points_nm for number, line in enumerate(self.lines)}
        for number, course in self.courses.items():
            there[number] = there[number] + course.displacement_nm(there[number], time_s)
        return {number: points for number, points in there.items() if number not in self.courses or time_s < self.courses[number].until_s}

    def contrast_lines(self, slow: bool = False) -> list[DislocationLine]:
        """Give the lines that have any contrast, where they lie while a series is recorded: those that an evaluation compares with.

        Lines with g.b = 0 are among them where the settings leave them the contrast of g.(b x u), however little that is. Lines that glide
        during a tilt series count where they are in its middle, and for the slow one where they have come to rest.

        Parameters
        ----------
        slow
            Whether it is the slow series of a tilt series, before which the foil may have bent.

        Returns
        -------
        list of DislocationLine
        """
        at_s = self.rapid.time_s[-1] * (1.0 if slow else 0.5)
        there = self.lines_at(at_s) if self.kind == "tilt_series" else {number: line.points_nm for number, line in enumerate(self.lines)}
        lines = [replace(self.lines[number], points_nm=points) for number, points in there.items() if self.lines[number].strength > 0]
        bending = self.faults.bending if slow and self.kind == "tilt_series" else None
        return lines if bending is None else [replace(line, points_nm=bending.moved(line.points_nm)) for line in lines]

    def dislocations(self, slow: bool = False, by_course: bool = False) -> list[DislocationLine]:
        """Give the same lines, those joined that are one dislocation: what a count of lines compares with.

        Parameters
        ----------
        slow
            As for `contrast_lines`.
        by_course
            Whether arms are joined by their course where more than three meet, which is all that one reflection shows, not by their
            Burgers vectors.

        Returns
        -------
        list of DislocationLine
        """
        return whole_dislocations(self.contrast_lines(slow), by_course)


def write_truth(path: Path | str, truth: AcquisitionTruth) -> None:
    """Write the truth as HDF5; angles in degrees, lengths in nm, lines as groups `lines/0`, `lines/1`, ...

    Parameters
    ----------
    path
        File to write, `.h5`.
    truth
        What is true of the acquisition.
    """
    with written_beside(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(name=truth.name, kind=truth.kind, pixel_size_nm=truth.pixel_size_nm, foil_thickness_nm=truth.foil_thickness_nm)
        file["crystal_axes"] = truth.crystal_axes
        for name, stack in (("rapid", truth.rapid), ("slow", truth.slow)):
            for key in ("time_s", "row_tilt_deg", "start_tilt_deg", "middle_tilt_deg", "shift_px"):
                file[f"{name}/{key}"] = getattr(stack, key)
            for key in SCAN_FAULTS:
                if getattr(stack, key) is not None:
                    file.create_dataset(f"{name}/{key}", data=getattr(stack, key), compression="gzip")
        file["distortion/rapid_px"], file["distortion/slow_px"] = truth.rapid_px, truth.slow_px
        if truth.clean is not None:
            file.create_dataset("clean", data=truth.clean.astype(np.float32), compression="gzip")
        lines = file.create_group("lines")
        for number, line in enumerate(truth.lines):
            group = lines.create_group(str(number))
            group["points_nm"] = line.points_nm
            group.attrs.update(burgers=line.burgers, plane_normal=line.plane_normal, visible=line.visible)
            if line.contrast is not None:
                group.attrs["contrast"] = line.contrast
            if number in truth.courses:
                _write_course(group.create_group("course"), truth.courses[number])
        write_faults(file, truth.faults)


def read_truth(path: Path | str) -> AcquisitionTruth:
    """Read what `write_truth` wrote.

    Parameters
    ----------
    path
        File to read.

    Raises
    ------
    InputError
        The file is missing or holds no truth.
    """
    try:
        with h5py.File(path) as file:
            return _from_file(file)
    except (OSError, KeyError) as error:
        raise InputError(f"{path}: no truth of a simulated acquisition can be read from it ({error})") from error


def _from_file(file: h5py.File) -> AcquisitionTruth:
    groups = [file["lines"][str(number)] for number in range(len(file["lines"]))]
    return AcquisitionTruth(
        name=str(file.attrs["name"]),
        kind=str(file.attrs["kind"]),
        pixel_size_nm=float(file.attrs["pixel_size_nm"]),
        foil_thickness_nm=float(file.attrs["foil_thickness_nm"]),
        lines=[_line(group) for group in groups],
        crystal_axes=file["crystal_axes"][()],
        rapid=_stack(file["rapid"]),
        slow=_stack(file["slow"]),
        rapid_px=file["distortion/rapid_px"][()],
        slow_px=file["distortion/slow_px"][()],
        clean=file["clean"][()] if "clean" in file else None,
        faults=read_faults(file),
        courses={number: _course(group["course"]) for number, group in enumerate(groups) if "course" in group},
    )


def _stack(group: h5py.Group) -> StackTruth:
    known = (group[key][()] for key in ("time_s", "row_tilt_deg", "shift_px"))
    return StackTruth(*known, *(group[key][()] if key in group else None for key in SCAN_FAULTS))


def _write_course(group: h5py.Group, course: LineCourse) -> None:
    group["time_s"], group["place_nm"] = course.time_s, course.place_nm
    group.attrs.update(kind=course.kind, centre_nm=course.centre_nm, along=course.along, half_nm=course.half_nm, until_s=course.until_s)


def _course(group: h5py.Group) -> LineCourse:
    values = group.attrs
    pins = (values["centre_nm"], values["along"], float(values["half_nm"]), float(values["until_s"]))
    return LineCourse(str(values["kind"]), group["time_s"][()], group["place_nm"][()], *pins)


def _line(group: h5py.Group) -> DislocationLine:
    contrast = group.attrs.get("contrast")
    return DislocationLine(group["points_nm"][()], group.attrs["burgers"], group.attrs["plane_normal"], contrast)
