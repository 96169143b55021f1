"""Draw the loss curves of the networks and the scores of all filters by tilt."""

from pathlib import Path

from script_support import logged

from rapidstem.figures import draw_figures
from rapidstem.files import read_table
from rapidstem.scores import INTENSITY_RANGES, SPECTRUM_COLUMNS, derived_spectra

with logged(snakemake):
    files, parameters = snakemake.input, snakemake.params
    images = read_table(files.denoising, ["denoiser", "reference", "tilt", "psnr_db", "psnr_affine_db", "ssim", *INTENSITY_RANGES])
    spectra = read_table(files.spectra, SPECTRUM_COLUMNS)
    losses = {
        name: read_table(path, ["step", "training_loss", "validation_loss"])
        for name, path in zip(parameters.networks, files.losses, strict=True)
    }
    data = {
        "losses": losses,
        "image_scores": images,
        "line_scores": read_table(files.lines, ["denoiser", "reference", "tilt", "relative_width", "relative_intensity"]),
        "images": images[images["reference"] == "slow"],
        "spectra": spectra,
        "cycles_to_per_um": 2 * derived_spectra(spectra)["wave_number_per_um"].max(),
        "frames": parameters.training_frames,
    }
    draw_figures(parameters.figures, data, Path(snakemake.output[0]).parent)
