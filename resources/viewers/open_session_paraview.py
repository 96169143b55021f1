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

# The image itself gets its sizes and place: readers of TIFF and MRC disagree on them, and one that is only drawn elsewhere is neither
# cut nor framed by the camera there.
PLACE = """
image, moved = self.GetInputDataObject(0, 0), self.GetOutputDataObject(0)
moved.ShallowCopy(image)
extent, sizes = image.GetExtent(), {sizes}
moved.SetSpacing(*sizes)
moved.SetOrigin(*[-(extent[2 * axis] + extent[2 * axis + 1]) / 2 * sizes[axis] for axis in range(3)])
"""
INFORMATION = """
from vtkmodules.vtkCommonDataModel import vtkDataObject
information, extent, sizes = self.GetExecutive().GetOutputInformation(0), {extent}, {sizes}
information.Set(self.GetExecutive().WHOLE_EXTENT(), *extent)
information.Set(vtkDataObject.SPACING(), *sizes)
information.Set(vtkDataObject.ORIGIN(), *[-(extent[2 * axis] + extent[2 * axis + 1]) / 2 * sizes[axis] for axis in range(3)])
"""
FRAME_DEPTH_NM = 0.001


def mrc_header(path):
    """Shape (columns, rows, planes) of an MRC file, and the size of its voxels in nm."""
    header = path.read_bytes()[:1024]
    shape, samples, cell = struct.unpack("<3i", header[:12]), struct.unpack("<i", header[28:32])[0], struct.unpack("<f", header[40:44])[0]
    return shape, cell / samples / 10


def placed(source, name, sizes_nm):
    """An image with voxels of these sizes and its middle at the origin, whatever its reader takes them to be."""
    source.UpdatePipeline()
    image = simple.ProgrammableFilter(Input=source, OutputDataSetType="Same as Input")
    image.Script = PLACE.format(sizes=tuple(sizes_nm))
    image.RequestInformationScript = INFORMATION.format(sizes=tuple(sizes_nm), extent=extent_of(source))
    simple.RenameSource(name, image)
    image.UpdatePipeline()
    return image


def extent_of(source):
    """First and last voxel along the three axes."""
    return tuple(source.GetDataInformation().DataInformation.GetExtent())


def show(image, name, representation, view):
    """Show an image in grey, and say its size."""
    display = simple.Show(image, view)
    display.SetRepresentationType(representation)
    simple.ColorBy(display, ("POINTS", image.PointData[0].Name))
    display.RescaleTransferFunctionToDataRange(False, True)
    display.LookupTable.ApplyPreset("Grayscale", True)
    bounds = image.GetDataInformation().DataInformation.GetBounds()
    size = [bounds[2 * axis + 1] - bounds[2 * axis] for axis in range(3)]
    print(f"{name}: {size[0]:.6g} x {size[1]:.6g} x {size[2]:.6g} nm")
    return display


def show_frames(source, name, size_nm, frame, view):
    """Add a stack of frames as a plane at z = 0, hidden at first."""
    display = show(placed(source, name, (size_nm, size_nm, FRAME_DEPTH_NM)), name, "Slice", view)
    display.Slice = frame
    display.Visibility = 0


def show_volume(source, name, size_nm, view):
    """Add a volume through which one sees up to a tenth of its range; binarised lines fill the rest."""
    image = placed(source, name, (size_nm, size_nm, size_nm))
    show(image, name, "Volume", view)
    low, high = image.PointData[0].GetRange()
    start = low + 0.1 * (high - low)
    opacity = simple.GetOpacityTransferFunction(image.PointData[0].Name)
    opacity.Points = [value for point in ((low, 0.0), (start, 0.0), (high, 1.0)) for value in (*point, 0.5, 0.0)]


def open_session(folder, series, variant):
    """Show everything in one view."""
    view = simple.GetActiveViewOrCreate("RenderView")
    aligned = folder / f"tilt_series/{series}/{variant}.mrc"
    shape, size_nm = mrc_header(aligned)
    show_frames(simple.OpenDataFile(str(aligned)), f"{variant}: aligned series", size_nm, shape[2] // 2, view)
    if variant.startswith("rapid-"):
        denoiser = re.sub(r"-per-(row|frame)$", "", variant.removeprefix("rapid-"))
        images = simple.TIFFSeriesReader(FileNames=[str(folder / f"denoised/{denoiser}/{series}.ome.tif")])
        show_frames(images, f"{variant}: denoised frames", size_nm, shape[2] // 2, view)
    volume = folder / f"tomograms/{series}/{variant}.mrc"
    show_volume(simple.OpenDataFile(str(volume)), f"{variant}: volume", mrc_header(volume)[1], view)
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
