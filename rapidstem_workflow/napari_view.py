"""Open a tilt series of a finished session in napari: denoised frames, aligned series, volumes and lines, in nm, one place for all.

    python -m rapidstem_workflow.napari_view --configfile config/config.yaml

with all configuration files that the session was run with, in the same order.
Needs napari with a toolkit for its window: `pip install .[napari]`.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files import read_images, read_series, read_table, read_volume
from rapidstem.tomography import with_axis_along_x
from rapidstem_workflow.command_line import add_configuration
from rapidstem_workflow.session import Session
from rapidstem_workflow.session_opening import open_session, read_configuration
from rapidstem_workflow.variants import Variant

# What napari adds: the data, what is said about them, the kind of layer.
Layer = tuple[Any, dict[str, Any], str]
# Of the tube that a line is drawn as, in voxels.
_LINE_WIDTH = 2.0


def session_layers(session: Session, series: str) -> list[Layer]:
    """What napari shows of a tilt series.

    All axes are (frame, z, y, x) or the last three of them, in nm with the origin in the middle, as in the tables of lines. A frame is a
    plane at z = 0; denoised frames are turned as the tomogram is, so that the tilt axis runs along x.

    Parameters
    ----------
    session
        A finished one, in the folder where Snakemake ran.
    series
        An acquisition of kind `tilt_series`.

    Raises
    ------
    InputError
        where a file is missing.
    """
    folder, tilt_axis = Path(session.folder), session.config["tomography"]["tilt_axis"]
    return [layer for variant in session.shown_variants(series) for layer in _variant_layers(folder, series, variant, tilt_axis)]


def _variant_layers(folder: Path, series: str, variant: Variant, tilt_axis: Literal["x", "y"]) -> Iterator[Layer]:
    name = variant.name
    if not variant.is_slow:
        frames, pixel_size_nm = read_images(folder / f"denoised/{variant.denoiser}/{series}.ome.tif")
        yield _frames(f"{name}: denoised frames", with_axis_along_x(frames, tilt_axis), pixel_size_nm)
    yield _frames(f"{name}: aligned series", *read_series(folder / f"tilt_series/{series}/{name}.mrc"))
    volume, voxel_size_nm = read_volume(folder / f"tomograms/{series}/{name}.mrc")
    yield volume, _placed(f"{name}: volume", volume.shape, voxel_size_nm) | {"rendering": "mip", "visible": not variant.is_slow}, "image"
    lines = read_table(folder / f"dislocations/{series}/{name}.lines.csv", ["line", "z_nm", "y_nm", "x_nm"])
    paths = [points[["z_nm", "y_nm", "x_nm"]].to_numpy() for _, points in lines.groupby("line")]
    if paths:
        shown = {"name": f"{name}: lines", "shape_type": "path", "edge_width": _LINE_WIDTH * voxel_size_nm, "units": ("nm",) * 3}
        yield paths, shown | {"edge_color": "orange" if variant.is_slow else "cyan"}, "shapes"


def _frames(name: str, frames: np.ndarray, pixel_size_nm: float) -> Layer:
    """Frames (frame, y, x), each a plane of the specimen's space."""
    placed = _placed(name, frames.shape[1:], pixel_size_nm)
    whole = {"scale": (1.0, pixel_size_nm, *placed["scale"]), "translate": (0.0, 0.0, *placed["translate"])}
    return frames[:, np.newaxis], placed | whole | {"units": ("pixel", "nm", "nm", "nm"), "visible": False}, "image"


def _placed(name: str, shape: tuple[int, ...], step_nm: float) -> dict[str, Any]:
    """Scale and place of an array whose middle is the origin."""
    translate = tuple(-(size - 1) / 2 * step_nm for size in shape)
    return {"name": name, "scale": (step_nm,) * len(shape), "translate": translate, "units": ("nm",) * len(shape)}


def main() -> None:
    """Open a window with the first tilt series, or the named one, of the session that the command line names."""
    parser = argparse.ArgumentParser(description="Open a tilt series of a finished session in napari.")
    add_configuration(parser)
    parser.add_argument("--series", help="the acquisition; the first tilt series of the sheet where nothing is given")
    given = parser.parse_args()
    try:
        import napari
    except ImportError:
        sys.exit("napari is not installed; install the group napari (pip install .[napari])")
    try:
        session = open_session(read_configuration(given.configfile, given.config))
        known = session.acquisitions("tilt_series")
        series = given.series or next(iter(known), "")
        if series not in known:
            raise InputError(f"{series or 'the sheet'}: there is no such tilt series; known are {', '.join(known) or 'none'}")
        layers = session_layers(session, series)
    except InputError as error:
        sys.exit(str(error))
    viewer = napari.Viewer(title=f"rapidstem {session.config['session']}", ndisplay=3)
    for data, shown, kind in layers:
        viewer.add_layer(napari.layers.Layer.create(data, shown, kind))
    napari.run()


if __name__ == "__main__":
    main()
