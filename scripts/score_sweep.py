"""Score lines that were followed through a tilt series, and those of its static fit, against their true motion."""

import pandas as pd
from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, rigid_motion
from rapidstem.files import read_table, read_volume_shape, write_table
from rapidstem.lines.motion import FOLLOWED_COLUMNS, POSITION_COLUMNS, shown_by_all, sweep_views
from rapidstem.microscope import read_truth
from rapidstem.scores import TrueLine, kept_lengths, line_centroids, motion_errors, owned_lines, resting_positions, score_motion
from rapidstem.tomography import read_geometry

with logged(snakemake):
    files, names = snakemake.input, dict(snakemake.wildcards.items())
    truth = read_truth(files.truth)
    lines = {number: TrueLine.of(line.points_nm, truth.courses.get(number)) for number, line in enumerate(truth.lines) if line.visible}
    shape, voxel_size_nm = read_volume_shape(files.volume)
    rest = [line.points_nm for line in truth.contrast_lines()]
    motion = rigid_motion(read_table(files.centroids, CENTROID_COLUMNS), line_centroids(rest, shape, voxel_size_nm))
    moving = motion.applied_to(read_table(files.positions, POSITION_COLUMNS))
    static = motion.applied_to(read_table(files.lines, [*POINT_COLUMNS, "time_s"]))
    resting, owned = resting_positions(static, lines, truth.rapid.time_s)
    views = sweep_views(read_geometry(files.angles), shape[2])

    def visible(points):
        return shown_by_all(motion.undo(points), views)

    tables, followed = [], owned_lines(moving, lines)
    all_lines = {*followed.values(), *owned.values()}
    for name, positions, owners in (("in time", moving, followed), ("static", resting, owned)):
        kept = kept_lengths(positions, lines, owners, truth.rapid.time_s, visible, all_lines)
        angles = read_table(files.followed, FOLLOWED_COLUMNS) if name == "in time" else pd.DataFrame({"line": list(owners)})
        errors, angles = motion_errors(positions, lines, owners), angles.assign(beam_angle_deg=float("nan"))
        scores = score_motion(positions, errors, kept, angles, lines, owners)
        tables.append(scores.assign(acquisition=names["acquisition"], variant=names["variant"], fit=name))
    together = pd.concat(tables, ignore_index=True)
    first = ["acquisition", "variant", "fit"]
    write_table(snakemake.output.scores, together[first + [column for column in together if column not in first]])
    print(together.round(2).to_string(index=False))
