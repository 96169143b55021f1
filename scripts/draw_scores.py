"""Draw the loss curves of the networks and the scores of all filters by tilt."""

from pathlib import Path

from script_support import logged

from rapidstem.figures import (
    LINE_INTENSITY,
    LINE_WIDTH,
    PSNR,
    agreement,
    loss_curves,
    psnr_and_similarity,
    psnr_by_kind,
    save_drawing,
    scores_by_tilt,
    training_size,
)
from rapidstem.files import read_table
from rapidstem.scores import INTENSITY_RANGES, SPECTRUM_COLUMNS

with logged(snakemake):
    folder = Path(snakemake.output[0]).parent
    images = read_table(
        snakemake.input.denoising, ["denoiser", "reference", "tilt", "psnr_db", "psnr_affine_db", "ssim", *INTENSITY_RANGES]
    )
    lines = read_table(snakemake.input.lines, ["denoiser", "reference", "tilt", "relative_width", "relative_intensity"])
    for reference in ("slow", "dcfi"):
        chosen_images, chosen_lines = (table[table["reference"] == reference] for table in (images, lines))
        scores = [(PSNR, chosen_images), (LINE_WIDTH, chosen_lines), (LINE_INTENSITY, chosen_lines)]
        save_drawing(scores_by_tilt(scores), folder / f"scores-{reference}")
    losses = {
        name: read_table(path, ["step", "training_loss", "validation_loss"])
        for name, path in zip(snakemake.params.networks, snakemake.input.losses, strict=True)
    }
    save_drawing(loss_curves(losses), folder / "losses")
    spectra = read_table(snakemake.input.spectra, SPECTRUM_COLUMNS)
    against_slow = images[images["reference"] == "slow"]
    save_drawing(psnr_by_kind(against_slow), folder / "psnr-by-kind")
    save_drawing(psnr_and_similarity(against_slow), folder / "psnr-and-ssim")
    save_drawing(agreement(spectra, 2 * spectra["wave_number_per_um"].max()), folder / "agreement")
    if snakemake.params.training_frames:
        save_drawing(training_size(against_slow, spectra, snakemake.params.training_frames), folder / "training-size")
