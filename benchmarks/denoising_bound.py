"""How far the noise of the slow reference hides what a filter does: scores against the slow image and against the truth.

Run from the root of the repository, on the results of a simulated session:
`python -m benchmarks.denoising_bound results/demo`.
For every test field it prints, mean over the scored frames, of the noise-free image against the slow one, which is the most that any filter
can reach, and of each filter against the slow image and against the noise-free one: the PSNR after an affine fit of intensities
(decibels count from the range of the slow image in all columns), by how much that is better than BM3D, where the session has it, and the
wave number along x, in cycles a pixel, up to which the power spectra agree within a factor of 2.

With `--noise-free-fields 150` a network joins them that no session can train: it learns from so many other simulated fields whose
references have no noise and are aligned with noise-free means of the frames. What it misses, a single frame does not tell a network of this
kind. Settings of its training are given as name=value: `--settings steps=6000,width=64`. `--frames-per-field` says how many noisy frames
each of its fields has.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from scipy import ndimage

from benchmarks.denoisers import parsed
from benchmarks.measured_tables import record_table
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training.denoiser_training import train_denoiser
from rapidstem.distortion.column_map import ColumnMap, read_map
from rapidstem.distortion.image_warping import to_slow_geometry
from rapidstem.distortion.reference_alignment import align_reference
from rapidstem.distortion.reference_pairs import read_pair
from rapidstem.files.image_stacks import read_stack
from rapidstem.files.ome_tiff import read_images
from rapidstem.frames.drift_tables import read_drift
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.detector import detector_lag, rapid_counts, slow_response
from rapidstem.microscope.recording.field_resampling import FieldImage
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.specimens import foil_at
from rapidstem.scores.frame_references import FieldReferences, FrameReference
from rapidstem.scores.image_quality import ImageScale
from rapidstem.scores.image_spectra import agreement_per_um, image_spectra

TILTS_DEG = (0.0, 20.0, 40.0, 60.0, 70.0)
JUDGED_FRAMES = 4
LIMIT = "learned without noise"
BOUND, PEER = "noise-free image", "bm3d"
# Wave numbers in cycles a pixel; lines of the virtual microscope are three pixels wide.
IN_PIXELS = ImageScale(1000.0, 3000.0)


def noise_free(path: Path) -> np.ndarray:
    """What the slow scan of a field would show without noise, (y, x)."""
    with h5py.File(path) as file:
        clean, shift_px = file["clean"][:].astype(float), file["slow/shift_px"][0]
    return slow_without_noise(ndimage.shift(clean, shift_px, order=5, mode="nearest"), MicroscopeSettings())


def slow_without_noise(intensity: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Counts of the slow scan for an intensity, neither rounded nor noisy."""
    return settings.slow_offset + settings.slow_gain * slow_response(intensity, settings)


def noise_free_field(name: str, tilt_deg: float, count: int, column_map: ColumnMap, settings: MicroscopeSettings) -> TrainingField:
    """`count` noisy rapid frames of a simulated field that no session has, and its noise-free reference in their geometry."""
    columns = np.arange(settings.size_px, dtype=float)
    field = FieldImage.of(foil_at(name, tilt_deg, settings), resting_stage(tilt_deg), 0.0, settings)
    seen, noise = field.image(np.zeros(2), columns, rapid_to_slow(columns, settings)), random_stream(settings.seed, name, "rapid")
    frames = np.stack([rapid_counts(seen, settings, noise) for _ in range(count)])
    slow = slow_without_noise(field.image(np.zeros(2), columns, columns), settings)
    mean_frame = detector_lag(seen, settings.lag_decay, settings.lag_weight)
    aligned = align_reference(mean_frame, slow, column_map)
    return TrainingField(name, frames, aligned.slow, np.zeros((count, 2)), aligned.rows, aligned.columns)


def limit_images(names: list[str], given: argparse.Namespace) -> dict[str, np.ndarray]:
    """The judged frames of test fields, denoised by a network that learned from noise-free fields, in the slow geometry."""
    _, name, changes = parsed(",".join(filter(None, ("dlf-slow", given.settings))))
    training = denoiser_settings(name, changes)
    assert isinstance(training, NetworkSettings)
    column_map, settings = read_map(given.results / "distortion" / "map.csv"), MicroscopeSettings()
    fields = [
        noise_free_field(f"{LIMIT}-{index}", TILTS_DEG[index % len(TILTS_DEG)], given.frames_per_field, column_map, settings)
        for index in range(given.noise_free_fields)
    ]
    with tempfile.TemporaryDirectory() as folder:
        model = train_denoiser(fields, training, folder, LIMIT)
    frames = {name: read_stack(given.results / "raw" / f"{name}.rapid.emd").frames[:JUDGED_FRAMES] for name in names}
    return {name: to_slow_geometry(denoise_stack(model, each), column_map) for name, each in frames.items()}


def decibels(image: np.ndarray, reference: np.ndarray, peak: float) -> float:
    """Peak signal-to-noise ratio after the best gain and offset."""
    deviation = image - image.mean()
    gain = (deviation * reference).sum() / (deviation**2).sum()
    return float(10 * np.log10(peak**2 / np.mean((reference.mean() + gain * deviation - reference) ** 2)))


def frame_scores(image: np.ndarray, slow: FrameReference, truth: FrameReference) -> tuple[float, float, float]:
    """PSNR of the noise-free image against the slow one, and of an image against the slow and the noise-free one."""
    area = slow.area
    peak = float(np.ptp(slow.image[area]))
    pairs = ((truth.image, slow.image), (image, slow.image), (image, truth.image))
    first, second, third = (decibels(each[area].astype(float), reference[area], peak) for each, reference in pairs)
    return first, second, third


def agreements(images: Sequence[np.ndarray], slow: Sequence[FrameReference], truth: Sequence[FrameReference]) -> list[float]:
    """Wave numbers of agreement, in cycles a pixel, of the same three pairs as in `frame_scores`, from the mean spectra of all frames."""
    truths = [each.image for each in truth]
    found = []
    for firsts, references in ((truths, slow), (images, slow), (images, truth)):
        tables = [image_spectra(first, each.image, slow[0].area, IN_PIXELS) for first, each in zip(firsts, references, strict=True)]
        mean = pd.concat(tables).query("direction == 'x'").groupby("wave_number_per_um").mean(numeric_only=True)
        found.append(agreement_per_um(mean.index.to_numpy(float), mean["power"].to_numpy(float), mean["reference_power"].to_numpy(float)))
    return found


def moved_references(results: Path, name: str, frames: int) -> tuple[list[FrameReference], list[FrameReference]]:
    """The slow image and the noise-free one of a test field, as each of the first frames shows them."""
    slow = read_stack(results / "raw" / f"{name}.slow.emd").frames[0].astype(float)
    dcfi, aligned, _ = read_pair(results / "pairs" / name)
    column_map = read_map(results / "distortion" / "map.csv")
    images = (slow, noise_free(results / "truth" / f"{name}.h5"))
    known = [FieldReferences(dcfi, aligned, image, column_map) for image in images]
    shift_px = known[0].corrected_shift(read_drift(results / "dcfi" / f"{name}.drift.csv").shift_px)
    at_rest = [each.in_slow_geometry()["slow"] for each in known]
    first, second = ([each.moved((dy, dx)) for dy, dx in shift_px[:frames]] for each in at_rest)
    return first, second


def field_scores(results: Path, name: str, filters: list[str], limit: np.ndarray | None) -> list[dict[str, object]]:
    """PSNR and wave numbers of agreement of the noise-free image of one test field, of the filters' and, if given, of `limit`."""
    stacks = {denoiser: read_images(results / "denoised" / denoiser / f"{name}.ome.tif")[0] for denoiser in filters}
    stacks |= {} if limit is None else {LIMIT: limit}
    slow, truth = moved_references(results, name, min(map(len, stacks.values())))
    rows: dict[str, dict[str, object]] = {}
    for denoiser, stack in stacks.items():
        images = list(stack[: len(slow)])
        psnr = np.mean([frame_scores(*each) for each in zip(images, slow, truth, strict=True)], axis=0)
        agreement = agreements(images, slow, truth)
        rows[BOUND] = {"slow_db": psnr[0], "slow_cycles_a_px": agreement[0]}
        rows[denoiser] = {"slow_db": psnr[1], "truth_db": psnr[2], "slow_cycles_a_px": agreement[1], "truth_cycles_a_px": agreement[2]}
    return [{"field": name, "image": image, **row} for image, row in rows.items()]


def with_margins(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the decibels of every image above those of BM3D on the same field."""
    peer = table[table["image"] == PEER].set_index("field")
    own = {column: table["field"].map(peer[column]) for column in ("slow_db", "truth_db")}
    return table.assign(**{column.replace("_db", f"_over_{PEER}_db"): table[column] - own[column] for column in own})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="?", default=Path("results/demo"), help="folder of a finished simulated session")
    parser.add_argument("--noise-free-fields", type=int, default=0, help="number of fields for the network without noise in its references")
    parser.add_argument("--frames-per-field", type=int, default=6, help="of these fields")
    parser.add_argument("--settings", default="", help="of that network's training, as name=value,name=value")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    results = given.results
    filters = sorted(path.name for path in (results / "denoised").iterdir() if path.is_dir())
    fields = sorted(path.stem for path in (results / "truth").glob("test-*.h5"))
    limits = limit_images(fields, given) if given.noise_free_fields else {}
    rows = [row for name in fields for row in field_scores(results, name, filters, limits.get(name))]
    table = with_margins(pd.DataFrame(rows)).round(3).assign(session=results.name, noise_free_fields=given.noise_free_fields)
    record_table("denoising_bound", table, ["session", "noise_free_fields", "field", "image"])


if __name__ == "__main__":
    main()
