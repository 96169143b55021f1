"""Open a tilt series of a finished session in ParaView: a frame of the aligned and of the denoised series, the volume, the lines.

    pvpython resources/viewers/open_session_paraview.py results/demo series rapid-dlf-slow demo.pvsm
    paraview --state=demo.pvsm

Lengths are nm with the origin in the middle, as in the tables of lines; y points down in images and so here. Denoised frames whose tilt
axis is vertical are transposed, as the tomogram is. A last argument that ends in `.png` gives a picture in place of the state.
"""

import json
import re
import struct
import sys
from pathlib import Path

from paraview import simple

# The image itself gets its sizes and place: readers of TIFF and MRC disagree on them, and one that is only drawn elsewhere is neither
# cut nor framed by the camera there. Its axes may change places.
PLACE = """
from vtkmodules.vtkImagingCore import vtkImagePermute
image, moved = self.GetInputDataObject(0, 0), self.GetOutputDataObject(0)
if {axes} != (0, 1, 2):
    turned = vtkImagePermute()
    turned.SetInputData(image)
    turned.SetFilteredAxes(*{axes})
    turned.Update()
    image = turned.GetOutput()
moved.ShallowCopy(image)
extent, sizes = moved.GetExtent(), {sizes}
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
# All of the image is asked for, as a part that is asked for by turned axes is another one.
WHOLE = """
self.GetExecutive().GetInputInformation(0, 0).Set(self.GetExecutive().UPDATE_EXTENT(), *{extent})
"""
FRAME_DEPTH_NM = 0.001
AS_READ, TRANSPOSED = (0, 1, 2), (1, 0, 2)


def mrc_header(path):
    """Shape (columns, rows, planes) of an MRC file, and the size of its voxels in nm."""
    header = path.read_bytes()[:1024]
    shape, samples, cell = struct.unpack("<3i", header[:12]), struct.unpack("<i", header[28:32])[0], struct.unpack("<f", header[40:44])[0]
    return shape, cell / samples / 10


def recorded_axes(folder):
    """Axes of frames as they were recorded in the order of the tomogram, whose tilt axis is x; the report's short form has the setting."""
    report = folder / "report.json"
    settings = json.loads(report.read_text(encoding="utf-8"))["settings"] if report.is_file() else {}
    return TRANSPOSED if json.loads(settings.get("tomography.tilt_axis", '"x"')) == "y" else AS_READ


def placed(source, name, sizes_nm, axes=AS_READ):
    """An image with its axes in this order, voxels of these sizes and its middle at the origin, whatever its reader takes them to be."""
    source.UpdatePipeline()
    extent = extent_of(source)
    image = simple.ProgrammableFilter(Input=source, OutputDataSetType="Same as Input")
    image.Script = PLACE.format(sizes=tuple(sizes_nm), axes=axes)
    turned = tuple(extent[2 * axis + end] for axis in axes for end in (0, 1))
    image.RequestInformationScript = INFORMATION.format(sizes=tuple(sizes_nm), extent=turned)
    image.RequestUpdateExtentScript = WHOLE.format(extent=extent)
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


def show_frames(source, name, size_nm, frame, view, axes=AS_READ):
    """Add a stack of frames as a plane at z = 0, hidden at first."""
    display = show(placed(source, name, (size_nm, size_nm, FRAME_DEPTH_NM), axes), name, "Slice", view)
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
        show_frames(images, f"{variant}: denoised frames", size_nm, shape[2] // 2, view, recorded_axes(folder))
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
