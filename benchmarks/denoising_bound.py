"""How far the noise of the slow reference hides what a filter does: PSNR against the slow image and against the truth.

Run from the root of the repository, on the results of a simulated session:
`PYTHONPATH=. python benchmarks/denoising_bound.py results/demo`.
For every test field it prints the PSNR after an affine fit of intensities, mean over the scored frames: of the noise-free image against the
slow one, which is the most that any filter can reach, and of each filter against the slow image and against the noise-free one. Decibels
count from the range of the slow image in all columns.
"""

import argparse
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from scipy import ndimage

from rapidstem.distortion.column_map import read_map
from rapidstem.files.image_stacks import read_stack
from rapidstem.files.ome_tiff import read_images
from rapidstem.files.tables import read_table
from rapidstem.microscope.detector import slow_response
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.scores.frame_references import FieldReferences, FrameReference


def noise_free(path: Path) -> np.ndarray:
    """What the slow scan of a field would show without noise, (y, x)."""
    with h5py.File(path) as file:
        clean, shift_px = file["clean"][:].astype(float), file["slow/shift_px"][0]
    settings = MicroscopeSettings()
    moved = ndimage.shift(clean, shift_px, order=5, mode="nearest")
    return settings.slow_offset + settings.slow_gain * slow_response(moved, settings)


def decibels(image: np.ndarray, reference: np.ndarray, peak: float) -> float:
    """Peak signal-to-noise ratio after the best gain and offset."""
    deviation = image - image.mean()
    gain = (deviation * reference).sum() / (deviation**2).sum()
    return float(10 * np.log10(peak**2 / np.mean((reference.mean() + gain * deviation - reference) ** 2)))


def frame_scores(image: np.ndarray, slow: FrameReference, truth: FrameReference) -> tuple[float, float, float]:
    """The bound, and an image against the slow and the noise-free one."""
    area = slow.area
    peak = float(np.ptp(slow.image[area]))
    pairs = ((truth.image, slow.image), (image, slow.image), (image, truth.image))
    first, second, third = (decibels(each[area].astype(float), reference[area], peak) for each, reference in pairs)
    return first, second, third


def field_scores(results: Path, name: str, filters: list[str]) -> dict[str, float]:
    """Scores of one test field."""
    slow = read_stack(results / "raw" / f"{name}.slow.emd").frames[0].astype(float)
    pair = results / "pairs" / name
    (dcfi, slow_in_rapid), _ = read_images(pair / "references.ome.tif")
    field, column_map = pd.read_csv(pair / "field.csv").iloc[0], read_map(results / "distortion" / "map.csv")
    images = (slow, noise_free(results / "truth" / f"{name}.h5"))
    known = [FieldReferences.from_field(dcfi, slow_in_rapid, image, field, column_map) for image in images]
    shift_px = known[0].corrected_shift(read_table(pair / "frames.csv", ["dy_px", "dx_px"])[["dy_px", "dx_px"]].to_numpy(float))
    row: dict[str, float] = {}
    for denoiser in filters:
        stack = read_images(results / "denoised" / denoiser / f"{name}.ome.tif")[0]
        slow_images = [each.in_slow_geometry()["slow"] for each in known]
        moved = [[each.moved((dy, dx)) for each in slow_images] for dy, dx in shift_px[: len(stack)]]
        scores = [frame_scores(image, *references) for image, references in zip(stack, moved, strict=True)]
        bound, against_slow, against_truth = np.mean(scores, axis=0)
        row |= {"bound": bound, f"{denoiser} slow": against_slow, f"{denoiser} truth": against_truth}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="folder of a finished simulated session")
    results = parser.parse_args().results
    filters = sorted(path.name for path in (results / "denoised").iterdir() if path.is_dir())
    fields = sorted(path.stem for path in (results / "truth").glob("test-*.h5"))
    table = pd.DataFrame({name: field_scores(results, name, filters) for name in fields}).T
    print(table.round(2).to_string())


if __name__ == "__main__":
    main()
