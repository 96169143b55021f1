"""Dislocation lines of a finished simulated session against the truth: length found and real, and slip planes.

`python -m benchmarks.line_detection results/demo` reads the session's lines. Prints by kind of line how much of the true length was found
and how much of the session's is real (within 20 nm), the same for rapid against slow, how far the lines lie from the true ones, and how
often the slip plane is right.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from benchmarks.measured_tables import record_table
from rapidstem.dislocations.centroids import CENTROID_COLUMNS
from rapidstem.dislocations.line_tables import DENSITY_COLUMNS, POINT_COLUMNS, polylines_of
from rapidstem.dislocations.pairing import RigidMotion, rigid_motion
from rapidstem.dislocations.slip_planes import SLIP_NAMES, SLIP_NORMALS, CrystalOrientation, nearest_slip_plane
from rapidstem.files.mrc_volumes import read_volume_shape
from rapidstem.files.tables import read_table
from rapidstem.microscope.specimen.line_networks import DislocationLine
from rapidstem.microscope.truth import AcquisitionTruth, read_truth
from rapidstem.scores.line_identity import whole_field
from rapidstem.scores.line_recovery import line_detection, sampled
from rapidstem.scores.positional_error import line_centroids

RADIUS_NM = 20.0
ALONE = 0.9
LENGTH_COLUMNS = ["variant", "against", "place", "true_nm", "found_percent", "traced_nm", "real_percent"]


@dataclass(frozen=True)
class Found:
    """What a session has found in one variant of its series."""

    lines: list[np.ndarray]
    centres: pd.DataFrame
    density: pd.Series
    shape: tuple[int, int, int]
    voxel_size_nm: float

    @property
    def field_nm(self) -> tuple[float, float]:
        """Widths in x and y."""
        return self.shape[2] * self.voxel_size_nm, self.shape[1] * self.voxel_size_nm


def read_found(folder: Path, variant: str) -> Found:
    """The session's tables of one variant of the series."""
    stem = folder / "dislocations/series" / variant
    lines = polylines_of(read_table(f"{stem}.lines.csv", POINT_COLUMNS))
    centres = read_table(f"{stem}.centroids.csv", CENTROID_COLUMNS)
    density = read_table(f"{stem}.line_density.csv", DENSITY_COLUMNS).iloc[0]
    return Found(lines, centres, density, *read_volume_shape(folder / f"tomograms/series/{variant}.mrc"))


def slip_rows(found: Found, truth: AcquisitionTruth, true: list[DislocationLine], motion: RigidMotion) -> pd.DataFrame:
    """For every line that follows one true line over half of its length: the true and the found slip plane.

    `separable` says whether the true line, as far as it was found, lies at least 10 nm (rms) from every other {111} plane, and the found
    one follows it alone, but for a tenth: a line that goes on at a kink lies in two planes.
    """
    orientation = CrystalOrientation(truth.crystal_axes)
    stretches = [sampled([line.points_nm])[0] for line in true]
    owner = np.repeat(np.arange(len(true)), [len(points) for points in stretches])
    tree = cKDTree(np.concatenate(stretches))
    rows = []
    for line in found.lines:
        distance, partner = tree.query(motion.apply(sampled([line])[0]))
        counts = np.bincount(owner[partner[distance < RADIUS_NM]], minlength=len(true))
        best = int(np.argmax(counts))
        if counts[best] < 0.5 * len(distance):
            continue
        alone = counts[best] >= ALONE * np.count_nonzero(distance < RADIUS_NM)
        own = tree.data[partner[(distance < RADIUS_NM) & (owner[partner] == best)]]
        centred = own - own.mean(axis=0)
        spread = np.sort(np.sqrt(np.mean((centred @ orientation.to_specimen(SLIP_NORMALS).T) ** 2, axis=0)))
        true_plane = SLIP_NAMES[int(np.argmax(np.abs(SLIP_NORMALS @ true[best].plane_normal)))]
        slip = nearest_slip_plane(line, orientation)
        rows.append({"right": slip.name == true_plane, "named": slip.conditioned, "separable": alone and spread[1] > 10.0})
    return pd.DataFrame(rows)


def plane_row(slip: pd.DataFrame) -> dict[str, float]:
    """How many lines have a slip plane of each kind, and for how many of them it is right."""
    row: dict[str, float] = {}
    for kind in ("named", "separable"):
        row |= {f"{kind}_right_percent": round(100 * float(slip["right"][slip[kind]].mean())), kind: int(slip[kind].sum())}
    return row


def offsets_nm(found: Found, true: list[DislocationLine], motion: RigidMotion) -> np.ndarray:
    """Root mean square distance in x, y and z of the lines from the nearest points of the true ones."""
    tree = cKDTree(sampled([line.points_nm for line in true])[0])
    places = motion.apply(sampled(found.lines)[0])
    distance, partner = tree.query(places)
    near = distance < RADIUS_NM
    return np.sqrt(np.mean((places[near] - tree.data[partner[near]]) ** 2, axis=0))


def main(folder: Path) -> None:
    """Print the tables of one session."""
    truth = read_truth(folder / "truth/series.h5")
    paths = sorted((folder / "tomograms/series").glob("*.mrc"), key=lambda path: path.stem != "slow")
    variants = [path.stem for path in paths if (folder / f"dislocations/series/{path.stem}.lines.csv").is_file()]
    found = {variant: read_found(folder, variant) for variant in variants}
    lengths, planes = [], []
    for name, each in found.items():
        true = truth.contrast_lines(slow=name == "slow")
        true_lines, field_nm = [line.points_nm for line in true], whole_field(each.field_nm)
        motion = rigid_motion(each.centres, line_centroids(true_lines, each.shape, each.voxel_size_nm))
        table = line_detection(each.lines, true_lines, field_nm, RADIUS_NM, motion, acquisition="series", variant=name, against="truth")
        lengths.append(table)
        planes.append({"variant": name} | plane_row(slip_rows(each, truth, true, motion)))
        planes[-1] |= dict(zip(("x_rms_nm", "y_rms_nm", "z_rms_nm"), offsets_nm(each, true, motion).round(1), strict=True))
        planes[-1] |= {f"{key}_per_m2": float(f"{each.density[f'{key}_per_m2']:.3g}") for key in ("density", "sampling_sd")}
        if name != "slow":
            motion, slow = rigid_motion(each.centres, found["slow"].centres), found["slow"]
            table = line_detection(each.lines, slow.lines, field_nm, RADIUS_NM, motion, acquisition="", variant=name, against="slow")
            lengths.append(table[:1])
    session = {"session": folder.name}
    table = pd.concat(lengths)[LENGTH_COLUMNS].round(1).assign(**session)
    record_table("line_detection", table, ["session", "variant", "against", "place"])
    record_table("line_detection.planes", pd.DataFrame(planes).assign(**session), ["session", "variant"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
