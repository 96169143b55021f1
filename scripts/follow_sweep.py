"""Follow the dislocation lines of an earlier tilt series through the frames of a later one: where each is at any time."""

from script_support import logged

from rapidstem.dislocations import (
    CENTROID_COLUMNS,
    FOIL_COLUMNS,
    POINT_COLUMNS,
    SUMMARY_COLUMNS,
    polylines_of,
    rigid_motion,
    slip_normals,
)
from rapidstem.files import read_series, read_table, write_polydata_series, write_table
from rapidstem.lines.motion import FoilFaces, TomogramLines, follow_sweep, moments
from rapidstem.tomography import read_geometry

with logged(snakemake):
    files, output, parameters = snakemake.input, snakemake.output, snakemake.params
    motion = rigid_motion(*(read_table(path, CENTROID_COLUMNS) for path in (files.earlier_centroids, files.centroids)))
    earlier = TomogramLines(
        points=motion.applied_to(read_table(files.earlier_lines, POINT_COLUMNS)),
        summary=motion.applied_to(read_table(files.earlier_summary, SUMMARY_COLUMNS)),
        foil=FoilFaces.of_lines(read_table(files.earlier_density, FOIL_COLUMNS), parameters.thickness_nm).moved(motion),
        slip_normals={name: motion.turn(normal[None])[0] for name, normal in slip_normals(parameters.crystal).items()},
    )
    series, _ = read_series(files.series)
    geometry = read_geometry(files.angles)
    still = polylines_of(read_table(files.lines, POINT_COLUMNS))
    found = follow_sweep(earlier, still, series, geometry, parameters.line_width_nm)
    write_table(output.positions, found.positions)
    write_table(output.flags, found.flags)
    write_table(output.followed, found.followed)
    write_polydata_series(output.series, moments(found.positions, geometry.time_s))
    print(f"{found.followed['followed'].sum()} of {len(found.followed)} lines followed; {len(found.flags)} events")
    print(found.flags.groupby("flag").size().to_string() if len(found.flags) else "nothing happened")
