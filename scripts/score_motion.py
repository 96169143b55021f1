"""Score lines that were followed in an in-situ series against their true motion."""

from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, rigid_motion
from rapidstem.files import read_table, read_volume_shape, write_table
from rapidstem.lines.motion import FOLLOWED_COLUMNS, MATCH_COLUMNS, POSITION_COLUMNS, view_of
from rapidstem.microscope import read_truth
from rapidstem.scores import jump_responses, kept_lengths, line_centroids, motion_errors, owned_lines, score_motion, true_lines

with logged(snakemake):
    files, output, names = snakemake.input, snakemake.output, dict(snakemake.wildcards.items())
    truth = read_truth(files.truth)
    lines = true_lines(truth.lines, truth.courses)
    rest = [line.points_nm for line in truth.lines if line.visible]
    motion = rigid_motion(read_table(files.centroids, CENTROID_COLUMNS), line_centroids(rest, *read_volume_shape(files.volume)))
    positions = motion.applied_to(read_table(files.positions, POSITION_COLUMNS))
    view = view_of(read_table(files.match, MATCH_COLUMNS))

    def visible(points):
        return view.places(motion.undo(points)).seen[0]

    owned = owned_lines(positions, lines)
    errors = motion_errors(positions, lines, owned)
    kept = kept_lengths(positions, lines, owned, truth.rapid.time_s, visible)
    scores = score_motion(positions, errors, kept, read_table(files.followed, FOLLOWED_COLUMNS), lines, owned)
    responses = jump_responses(positions, lines, owned)
    for table, path in ((scores, output.scores), (responses, output.responses)):
        table.insert(0, "acquisition", names["acquisition"])
        table.insert(1, "denoiser", names["denoiser"])
        write_table(path, table)
    print(scores.round(2).to_string(index=False))
    print(responses.round(2).to_string(index=False))
