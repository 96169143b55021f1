"""Open a tilt series of a finished session in ParaView: a frame of the aligned and of the denoised series, the volume, the lines.

    pvpython resources/viewers/open_session_paraview.py results/demo series rapid-dlf-slow demo.pvsm
    paraview --state=demo.pvsm

Lengths are nm with the origin in the middle, as in the tables of lines; y points down in images and so here. A last argument that ends in
`.png` gives a picture in place of the state.
"""

import re
import struct
import sys
from pathlib import Path

from paraview import simple


def mrc_header(path):
    """Shape (columns, rows, planes) of an MRC file, and the size of its voxels in nm."""
    header = path.read_bytes()[:1024]
    shape, samples, cell = struct.unpack("<3i", header[:12]), struct.unpack("<i", header[28:32])[0], struct.unpack("<f", header[40:44])[0]
    return shape, cell / samples / 10


def placement(bounds, extent, sizes_nm):
    """Scale and position that bring an image's voxels to their sizes and its middle to the origin, whatever its reader takes them to be."""
    steps = [(bounds[2 * axis + 1] - bounds[2 * axis]) / max(extent[2 * axis + 1] - extent[2 * axis], 1) for axis in range(3)]
    scale = [size / step if step else 1.0 for size, step in zip(sizes_nm, steps, strict=True)]
    return scale, [-(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 * scale[axis] for axis in range(3)]


def show(reader, name, size_nm, depth_nm, representation, view):
    """Show an image at its scale and place, and say its size."""
    simple.RenameSource(name, reader)
    reader.UpdatePipeline()
    image = reader.GetDataInformation().DataInformation
    bounds = image.GetBounds()
    display = simple.Show(reader, view)
    display.SetRepresentationType(representation)
    display.Scale, display.Position = placement(bounds, image.GetExtent(), (size_nm, size_nm, depth_nm))
    simple.ColorBy(display, ("POINTS", reader.PointData[0].Name))
    display.RescaleTransferFunctionToDataRange(False, True)
    size = [(bounds[2 * axis + 1] - bounds[2 * axis]) * display.Scale[axis] for axis in range(3)]
    print(f"{name}: {size[0]:.6g} x {size[1]:.6g} x {size[2]:.6g} nm")
    return display


def open_session(folder, series, variant):
    """Show everything in one view."""
    view = simple.GetActiveViewOrCreate("RenderView")
    aligned = folder / f"tilt_series/{series}/{variant}.mrc"
    shape, size_nm = mrc_header(aligned)
    frames = show(simple.OpenDataFile(str(aligned)), f"{variant}: aligned series", size_nm, 0.001, "Slice", view)
    frames.Slice = shape[2] // 2
    frames.Visibility = 0
    if variant.startswith("rapid-"):
        denoiser = re.sub(r"-per-(row|frame)$", "", variant.removeprefix("rapid-"))
        images = simple.TIFFSeriesReader(FileNames=[str(folder / f"denoised/{denoiser}/{series}.ome.tif")])
        denoised = show(images, f"{variant}: denoised frames", size_nm, 0.001, "Slice", view)
        denoised.Slice = shape[2] // 2
        denoised.Visibility = 0
    volume = folder / f"tomograms/{series}/{variant}.mrc"
    _, size_nm = mrc_header(volume)
    show(simple.OpenDataFile(str(volume)), f"{variant}: volume", size_nm, size_nm, "Volume", view)
    lines = simple.OpenDataFile(str(folder / f"dislocations/{series}/{variant}.lines.vtp"))
    simple.RenameSource(f"{variant}: lines", lines)
    display = simple.Show(lines, view)
    display.ColorArrayName = ["POINTS", ""]
    display.DiffuseColor = display.AmbientColor = [0.0, 0.9, 0.9]
    display.LineWidth = 3.0
    view.CameraPosition, view.CameraFocalPoint, view.CameraViewUp = [0, 0, -1], [0, 0, 0], [0, -1, 0]
    simple.ResetCamera(view)
    return view


if __name__ == "__main__":
    session, acquisition, chosen, target = sys.argv[1:5]
    shown = open_session(Path(session), acquisition, chosen)
    if target.endswith(".png"):
        simple.SaveScreenshot(target, shown, ImageResolution=[1200, 900])
    else:
        simple.SaveState(target)
