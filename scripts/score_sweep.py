"""Score lines that were followed through a tilt series, and those of its static fit, against their true motion."""

from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, rigid_motion
from rapidstem.files import read_table, read_volume_shape, write_table
from rapidstem.lines.motion import POSITION_COLUMNS, shown_by_all, sweep_views
from rapidstem.microscope import read_truth
from rapidstem.scores import line_centroids, sweep_scores, true_lines
from rapidstem.tomography import read_geometry

with logged(snakemake):
    files, names = snakemake.input, dict(snakemake.wildcards.items())
    truth = read_truth(files.truth)
    lines = true_lines(truth.lines, truth.courses)
    shape, voxel_size_nm = read_volume_shape(files.volume)
    rest = [line.points_nm for line in truth.contrast_lines()]
    motion = rigid_motion(read_table(files.centroids, CENTROID_COLUMNS), line_centroids(rest, shape, voxel_size_nm))
    moving = motion.applied_to(read_table(files.positions, POSITION_COLUMNS))
    static = motion.applied_to(read_table(files.lines, [*POINT_COLUMNS, "time_s"]))
    views = sweep_views(read_geometry(files.angles), shape[2])

    def visible(points):
        return shown_by_all(motion.undo(points), views)

    scores = sweep_scores(moving, static, lines, truth.rapid.time_s, visible)
    together = scores.assign(acquisition=names["acquisition"], variant=names["variant"])
    first = ["acquisition", "variant", "fit"]
    write_table(snakemake.output.scores, together[first + [column for column in together if column not in first]])
    print(together.round(2).to_string(index=False))
