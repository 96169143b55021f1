"""Tables as the page prints them: columns in words, and the digits that the numbers' uncertainty allows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rapidstem.numerics import uncertain_text
from rapidstem.report.page_parts import ReportTable
from rapidstem.report.session_verdicts import Judgement
from rapidstem.report.verdict_criteria import ALWAYS_USABLE
from rapidstem.scores.in_situ_scores import IHARA_GAIN_PERCENT

IDENTITY_NOTE = (
    "One to one: a single line covers the other and nothing else, but for 10 % or 40 nm. The run length is what one follows of a "
    "dislocation, on average, from a point on it without losing it or changing to another."
)

SWEEP_NOTE = "Rested: less than 10 nm apart in the mean. Certain: the next likely partner of either is less likely by e to the second."


def density_table(density: pd.DataFrame) -> ReportTable:
    """Lengths and densities, by slip plane where it is known, of tables `line_density.csv` below each other, each with its `series`."""
    planes = {"slip plane": density["slip_plane"]} if set(density["slip_plane"]) != {"all"} else {}
    printed = pd.DataFrame(
        {
            "series": density["series"],
            **planes,
            "lines": density["lines"],
            "length / µm": _fixed(density["length_nm"] / 1e3, 1),
            "density / 10¹² m⁻²": _uncertain(density["density_per_m2"] / 1e12, density["sampling_sd_per_m2"] / 1e12),
        }
    )
    return ReportTable("Lengths and densities", printed, f"In {_foils(density)}; the deviation is that of counting so few lines.")


def _foils(density: pd.DataFrame) -> str:
    """The foil whose lines were counted, or that of each series where they are not the same."""
    foils = [f"{foil.field_um2:.2f} µm² of foil, {foil.thickness_nm:.0f} nm thick" for foil in density.itertuples()]
    own = dict(zip(density["series"], foils, strict=True))
    return foils[0] if len(set(foils)) == 1 else ", and ".join(f"{foil} ({series})" for series, foil in own.items())


def detection_table(found: pd.DataFrame) -> ReportTable:
    """How much of the lines is found and real, of rows of `line_detection.csv`."""
    printed = pd.DataFrame(
        {
            "variant": found["variant"],
            "against": found["against"],
            "place": found["place"],
            "length / µm": _fixed(found["true_nm"] / 1e3, 1),
            "found / %": _fixed(found["found_percent"], 0),
            "real / %": _fixed(found["real_percent"], 0),
        }
    )
    return ReportTable("Share of the lines that is found and that is real", printed, f"Within {found['radius_nm'].iloc[0]:g} nm.")


def identity_table(identity: pd.DataFrame) -> ReportTable:
    """Which line is which, of rows of `line_identity.csv`."""
    printed = identity[["variant", "against"]].assign(
        **{
            "lines": _joined(identity["traced_lines"], identity["true_lines"]),
            "one to one": identity["one_to_one"],
            **{name: identity[name] for name in ("split", "merged", "missed", "invented")},
            "run length / nm": _joined(*(_fixed(identity[name], 0) for name in ("run_length_nm", "largest_run_length_nm"))),
            "junctions real": _joined(identity["junctions_real"], identity["traced_junctions"]),
            "found": _joined(identity["junctions_found"], identity["true_junctions"]),
        }
    )
    return ReportTable("Which line is which", printed, IDENTITY_NOTE)


def pairs_table(pairs: pd.DataFrame) -> ReportTable:
    """Lines of the variants by their numbers, of a table `line_pairs.csv`."""
    printed = pd.DataFrame(
        {
            "variant": pairs["variant"],
            "line": _fixed(pairs["line"], 0),
            "against": pairs["against"],
            "its line": _fixed(pairs["against_line"], 0),
            "in common / nm": _fixed(pairs["common_nm"], 0),
            "of the line / %": _fixed(pairs["covered_percent"], 0),
            "of its line / %": _fixed(pairs["against_covered_percent"], 0),
            "distance / nm": _fixed(pairs["distance_nm"], 1),
            "same": pairs["same"].map({True: "yes", False: "no"}),
        }
    )
    return ReportTable("Lines of the variants, by their numbers", printed)


def alignment_table(alignment: pd.DataFrame) -> ReportTable:
    """How the variants were aligned, of tables `alignment.csv` below each other, each with its `series`."""
    printed = pd.DataFrame(
        {
            "series": alignment["series"],
            "method": alignment["method"],
            "frames used": _joined(alignment["frames_used"], alignment["frames"]),
            "points": alignment["points"],
            "residual / px": _fixed(alignment["rms_residual_px"], 2),
            "σ angle / °": _fixed(alignment["mean_sigma_deg"], 2),
            "σ shift / px": _fixed(alignment["mean_shift_sigma_px"], 2),
            "axis rotation / °": _uncertain(alignment["axis_rotation_deg"], alignment["axis_rotation_sigma_deg"]),
            "axis offset / px": _uncertain(alignment["axis_offset_px"], alignment["axis_offset_sigma_px"]),
        }
    )
    note = "The offset of the axis is left out where drift may hide more than a hundredth of the frame's height (axis_offset)."
    return ReportTable("Alignment", printed, note)


def instrument_table(instrument: pd.DataFrame) -> ReportTable:
    """Our integration beside the instrument's own, of tables `instrument.csv` below each other; columns without a value are left out."""
    note = "Root mean square differences of the shifts; a relative sharpness below 1 says that the instrument's image is more blurred."
    printed = pd.DataFrame(
        {
            "field": instrument["acquisition"],
            "shifts differ by / px (y)": _fixed(instrument["dy_rms_px"], 2),
            "(x)": _fixed(instrument["dx_rms_px"], 2),
            "image moved by / px (y)": _fixed(instrument["image_dy_px"], 1),
            "image moved by / px (x)": _fixed(instrument["image_dx_px"], 1),
            "correlation": _fixed(instrument["image_correlation"], 2),
            "relative sharpness": _fixed(instrument["relative_sharpness"], 2),
            "remark": instrument["remark"].where(instrument["not_compared"].isna(), instrument["not_compared"]),
        }
    )
    return ReportTable("Beside the instrument's own integration", printed.dropna(axis=1, how="all"), note)


def in_situ_table(scores: pd.DataFrame) -> ReportTable:
    """The last frames of an in-situ series against the final slow image, of rows of `evaluation/in_situ.csv`."""
    note = f"Ihara et al. 2022: +{IHARA_GAIN_PERCENT:g} % in PSNR. The gain depends on the noise of the raw frames and on the slow image's."
    printed = pd.DataFrame(
        {
            "denoiser": scores["denoiser"],
            "frames": scores["frames"],
            "PSNR raw / dB": _fixed(scores["raw_psnr_db"], 1),
            "denoised / dB": _fixed(scores["denoised_psnr_db"], 1),
            "gain / %": _fixed(scores["psnr_gain_percent"], 0),
            "gain after the best affine fit / %": _fixed(scores["psnr_affine_gain_percent"], 0),
            "SSIM raw": _fixed(scores["raw_ssim"], 2),
            "SSIM denoised": _fixed(scores["denoised_ssim"], 2),
        }
    )
    return ReportTable("The last frames against the final slow image", printed, note)


def sweep_table(pairs: pd.DataFrame) -> ReportTable:
    """Which line of a sweep is which of an earlier one, of tables `sweep.csv` below each other, each with its `variant`."""
    printed = pd.DataFrame(
        {
            "variant": pairs["variant"],
            "line": pairs["line"].where(pairs["line"] >= 0, None),
            "earlier line": pairs["earlier_line"].where(pairs["earlier_line"] >= 0, None),
            "what": pairs["what"],
            "plane": pairs["plane"],
            "distance / nm": _fixed(pairs["distance_nm"], 1),
            "largest / nm": _fixed(pairs["largest_nm"], 1),
            "off its plane / nm": _fixed(pairs["off_plane_nm"], 1),
            "area / nm²": _fixed(pairs["area_nm2"], 0),
            "velocity / nm/s": _fixed(pairs["velocity_nm_per_s"], 3),
            "certain": pairs["certain"].map({1: "yes", 0: "no"}),
        }
    )
    return ReportTable("Which line is which of the earlier sweep", printed.dropna(axis=1, how="all"), SWEEP_NOTE)


def followed_table(followed: pd.DataFrame, title: str) -> ReportTable:
    """Which lines were followed, in which plane and in which frames, of a table `followed.csv`."""
    normal = [_fixed(followed[f"normal_{axis}"], 2) for axis in "xyz"]
    printed = pd.DataFrame(
        {
            "line": followed["line"],
            "plane": followed["plane"],
            "normal (x / y / z)": [None if None in parts else " / ".join(parts) for parts in zip(*normal, strict=True)],
            "later plane": followed["later_plane"],
            "later from frame": _counted(followed["later_from_frame"]),
            "angle to the beam / °": _fixed(followed["beam_angle_deg"], 0),
            "followed": followed["followed"].map({1: "yes", 0: "no"}),
            "why not": followed["reason"],
            "first frame": _counted(followed["first_frame"]),
            "last frame": _counted(followed["last_frame"]),
            "seen / %": _fixed(followed["seen_percent"], 0),
        }
    )
    note = "Positions lie in the plane of each line; a line without a certain plane, or whose plane is seen on edge, is left out."
    return ReportTable(title, printed, note)


def event_table(flags: pd.DataFrame, title: str, scene: str) -> ReportTable:
    """What happened to followed lines, of a table `flags.csv`; the scene is what ParaView opens."""
    printed = pd.DataFrame(
        {
            "line": _counted(flags["line"]),
            "what": flags["flag"],
            "frame": flags["frame"],
            "time / s": _fixed(flags["time_s"], 2),
            "row / px": _fixed(flags["row_px"], 0),
            "column / px": _fixed(flags["column_px"], 0),
            **{f"{axis} / nm": _fixed(flags[f"{axis}_nm"], 0) for axis in "xyz"},
            "size / nm": _fixed(flags["size_nm"], 0),
        }
    )
    return ReportTable(title, printed, f"The size of 'field left' is the share that is still seen, in percent. {scene} opens in ParaView.")


def speed_table(positions: pd.DataFrame, title: str) -> ReportTable:
    """How fast each followed line was across itself, of a table `positions.csv`."""
    measured = positions[positions["measured"] == 1].assign(speed=positions["velocity_nm_per_s"].abs())
    frames = measured.groupby(["line", "frame"])[["time_s", "speed", "sigma_velocity_nm_per_s"]].median().reset_index("frame")
    of_lines = frames.groupby("line")
    fastest = frames.reset_index().sort_values("speed").groupby("line").last()
    printed = pd.DataFrame(
        {
            "line": fastest.index,
            "frames": of_lines["frame"].nunique(),
            "usual speed / nm/s": _fixed(of_lines["speed"].median(), 0),
            "its deviation": _fixed(of_lines["sigma_velocity_nm_per_s"].median(), 0),
            "fastest / nm/s": _fixed(fastest["speed"], 0),
            "fastest at / s": _fixed(fastest["time_s"], 2),
        }
    )
    return ReportTable(title, printed, "Medians over the nodes of a line, and of its frames.")


def motion_scores_table(scores: pd.DataFrame, title: str) -> ReportTable:
    """Followed lines against their true motion, of a table of `evaluation/motion` or `evaluation/sweeps`."""
    shown = scores[scores["line"] < 0] if "fit" in scores else scores
    printed = pd.DataFrame(
        {
            **({"fit": shown["fit"]} if "fit" in shown else {"line": shown["line"].where(shown["line"] >= 0, "all")}),
            "motion": shown["course"],
            "points": shown["points"],
            **{f"{axis} / nm": _fixed(shown[f"{axis}_rms_nm"], 1) for axis in "xyz"},
            **{f"{axis} over stated": _fixed(shown[f"{axis}_ratio"], 1) for axis in "xyz"},
            "kept / %": _fixed(shown["kept_percent"], 0),
            "kept of all lines / %": _fixed(shown["visible_kept_percent"], 0),
            "next to no true line": _fixed(shown["false_lines"], 0),
        }
    )
    note = (
        "Root mean square distances across the lines; the length in view that keeps its line, of the true lines that were followed and of "
        "all; followed lines that are next to no true one, which are in no other number."
    )
    return ReportTable(title, printed, note)


def checks_table(judgements: Sequence[Judgement]) -> pd.DataFrame:
    """What the verdict rests on, one row a check, with its limits and their source."""
    rows = []
    for each in judgements:
        criterion, seen = each.criterion, each.observation
        usable = "always" if abs(criterion.usable) == ALWAYS_USABLE else criterion.words(criterion.usable)
        row = {"stage": criterion.stage, "of": ", ".join(filter(None, (seen.acquisition, seen.variant))) or None}
        row |= {"what": criterion.quantity, "value": criterion.words(seen.value), "good": criterion.words(criterion.good)}
        rows.append(row | {"usable": usable, "grade": each.grade, "where the limits come from": criterion.source})
    return pd.DataFrame(rows)


def _fixed(values: pd.Series, decimals: int) -> pd.Series:
    """Numbers with so many decimals, never minus zero; None for what is missing."""
    return pd.Series([None if pd.isna(value) else f"{round(value, decimals) + 0.0:.{decimals}f}" for value in values], values.index, object)


def _counted(numbers: pd.Series) -> pd.Series:
    """Whole numbers; None for -1, which stands for none."""
    return _fixed(numbers.where(numbers >= 0), 0)


def _uncertain(values: pd.Series, sigmas: pd.Series) -> list[str | None]:
    return [None if not np.isfinite(value) else uncertain_text(value, sigma) for value, sigma in zip(values, sigmas, strict=True)]


def _joined(parts: pd.Series, wholes: pd.Series) -> list[str | None]:
    return [None if part is None or whole is None else f"{part} of {whole}" for part, whole in zip(parts, wholes, strict=True)]
