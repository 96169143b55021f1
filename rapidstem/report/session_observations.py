"""The values of the criteria in a session's folder: what can be seen of it without a truth."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from rapidstem.dislocations.polylines import INSIDE
from rapidstem.figures.line_sentences import CERTAIN, MOSTLY_HIDDEN_PERCENT
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.report.session_verdicts import Observation
from rapidstem.scores.positional_error import ZHAO_MEAN_ABS_NM
from rapidstem.scores.shell_correlation import ALL_DIRECTIONS, resolution_nm

# The criteria that a column of the table of an alignment answers.
ALIGNMENT_COLUMNS = {"track_residual": "rms_residual_px", "angle_sigma": "mean_sigma_deg"}
# Of a line that a filtered image no longer shows.
NO_DEPTH = 0.0


def session_observations(results: Results, contents: SessionContents) -> list[Observation]:
    """What can be seen of a finished session; what it does not have is left out.

    Fields and denoisers are seen together, by their medians, as one bad field among many spoils nothing; tilt series one by one.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.

    Returns
    -------
    list of Observation
        Of fields, of denoisers, of tilt series, of in-situ series; a value may be NaN.
    """
    found = [*_fields(results, contents), *_filters(results, contents)]
    for series, variant in contents.shown_variants:
        found += _of_variant(results, contents, series, variant)
    for series, rapid in contents.against_slow.items():
        for variant in rapid:
            found += _against_slow(results, series, variant)
    for series in contents.in_situ:
        found += _in_situ(results, series)
    return found


def _fields(results: Results, contents: SessionContents) -> Iterator[Observation]:
    drifts = [results.table(f"dcfi/{field}.drift.csv") for field in contents.fields]
    if drifts:
        yield Observation("frames_used", _median(100 * drift["used"].mean() for drift in drifts))
        yield Observation("registration_residual", _median(drift.loc[drift["used"], "residual_px"].mean() for drift in drifts))
    if contents.paired_fields:
        pairs = (results.table(f"pairs/{field}/field.csv").loc[0, "correlation"] for field in contents.paired_fields)
        yield Observation("reference_correlation", _median(pairs))
    apart = results.instrument(contents)[["dy_rms_px", "dx_rms_px"]].max(axis=1)
    yield Observation("instrument_difference", _median(apart))
    if contents.measures_distortion:
        yield Observation("distortion_residual", float(results.table("distortion/residual.csv").loc[0, "residual_px"]))
    if contents.figures["choice"]:
        yield Observation("fields_kept", 100 * float(results.table("pairs/choice.csv")["kept"].mean()))


def _filters(results: Results, contents: SessionContents) -> Iterator[Observation]:
    if not contents.figures["scores"]:
        return
    if "losses" in contents.figures["scores"]:
        losses = results.table("figures/losses.csv")
        yield Observation("loss_still_falling", _median(_late_fall_percent(network) for _, network in losses.groupby("denoiser")))
    lines = results.table("evaluation/lines.csv")
    used = lines[(lines["reference"] == "slow") & lines["denoiser"].isin(contents.reconstructed)]
    with_lost = used.fillna({"relative_intensity": NO_DEPTH})
    by_tilt = with_lost.groupby(["denoiser", "tilt"])[["relative_width", "relative_intensity"]].median()
    worst = 100 * (by_tilt - 1).abs().max()
    yield Observation("line_width_change", float(worst["relative_width"]))
    yield Observation("line_depth_loss", float(worst["relative_intensity"]))


def _of_variant(results: Results, contents: SessionContents, series: str, variant: str) -> Iterator[Observation]:
    stem = f"tilt_series/{series}/{variant}"
    alignment = results.table(f"{stem}.alignment.csv").iloc[0]
    seen: dict[str, Any] = {criterion: alignment[column] for criterion, column in ALIGNMENT_COLUMNS.items()}
    seen["tilts_used"] = 100 * alignment["frames_used"] / alignment["frames"]
    seen["alignment_warnings"] = len(results.table(f"{stem}.warnings.csv"))
    if (results.folder / f"{stem}.motion.csv").exists():
        seen["motion_within_frames"] = alignment["motion_in_frames_px"]
    shells = results.table(f"tomograms/{series}/{variant}.resolution.csv")
    everywhere = resolution_nm(shells[shells["direction"] == ALL_DIRECTIONS])
    seen["resolution"] = everywhere / contents.line_width_nm
    seen["centre_sigma"] = pd.Series(centre_sigma_nm(results.table(f"dislocations/{series}/{variant}.centroids.csv"))).max()
    seen |= _line_shares(results.table(f"dislocations/{series}/{variant}.line_summary.csv"))
    yield from (Observation(criterion, float(value), series, variant) for criterion, value in seen.items())


def _line_shares(summary: pd.DataFrame) -> dict[str, float]:
    seen = {"lines_found": float(len(summary))}
    if len(summary):
        seen["lost_ends"] = 100 * (summary[["start_kind", "end_kind"]] == INSIDE).to_numpy().mean()
        seen["doubtful_lines"] = 100 * (summary["probability"] < CERTAIN).mean()
        seen["hidden_lines"] = 100 * (summary["hidden_percent"] > MOSTLY_HIDDEN_PERCENT).mean()
    return seen


def centre_sigma_nm(centroids: pd.DataFrame) -> dict[str, float]:
    """Median uncertainty of the centres by axis, from the two halves of the frames; NaN where it is not known."""
    return {axis: float(centroids[f"sigma_{axis}_nm"].median()) for axis in ("x", "y", "z")}


def _against_slow(results: Results, series: str, variant: str) -> Iterator[Observation]:
    errors = results.table("evaluation/positional_error.csv").query("acquisition == @series and variant == @variant and against == 'slow'")
    if len(errors):
        published = errors["axis"].map(ZHAO_MEAN_ABS_NM)
        depths = results.table(f"dislocations/{series}/{variant}.centroids.csv").query("plane == 'yz'")
        seen = {
            "position_difference": 100 * (errors["mean_abs_nm"] / published).max(),
            "stated_deviations": errors["normalised_rms"].max(),
            "paired_centres": errors["paired_percent"].min(),
            "depth_bow": _bow_nm(errors[errors["axis"] == "z"], float(np.ptp(depths["y_nm"])) if len(depths) else np.nan),
        }
        yield from (Observation(criterion, float(value), series, variant) for criterion, value in seen.items())
    identity = results.table("evaluation/line_identity.csv").query("acquisition == @series and variant == @variant and against == 'slow'")
    for percent in identity["one_to_one_percent"]:
        yield Observation("same_lines", float(percent), series, variant)


def _bow_nm(error_in_z: pd.DataFrame, width_nm: float) -> float:
    """How far the fitted parabola rises from the middle of the view to its edge, less what two standard deviations allow."""
    if error_in_z.empty:
        return float("nan")
    row = error_in_z.iloc[0]
    significant = max(abs(row["curvature_nm_per_um2"]) - 2 * row["curvature_sigma_nm_per_um2"], 0.0)
    return float(significant * (width_nm / 2000.0) ** 2)


def _in_situ(results: Results, series: str) -> Iterator[Observation]:
    yield Observation("registered_frames", 100 * float(results.table(f"in_situ/{series}/frames.csv")["used"].mean()), series)
    scores = results.table("evaluation/in_situ.csv").query("acquisition == @series")
    for row in scores.itertuples():
        yield Observation("in_situ_gain", float(row.psnr_gain_percent), series, row.denoiser)


def _late_fall_percent(losses: pd.DataFrame) -> float:
    """How much the validation loss has fallen in the last quarter of the steps, in percent of what it was before; 0 where it has risen."""
    before = losses[losses["step"] <= 0.75 * losses["step"].max()]["validation_loss"].min()
    return float(max(100 * (1 - losses["validation_loss"].min() / before), 0.0))


def _median(values: Iterable[Any]) -> float:
    """The median of the known values; NaN where none is known."""
    return float(pd.Series(list(values), dtype=float).median())
