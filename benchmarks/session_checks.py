"""How the report's verdicts, which see no truth, go with the truth of simulated sessions.

Run from the root of the repository: `python -m benchmarks.session_checks results/demo results/other`. Prints for each session the grade of
its tilt series, which checks are not passed, and how much of the lines of the first rapid series is found, real, and one to one with the
truth; then the values that the limits are taken from.
"""

import sys
from pathlib import Path

import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.report.session_observations import session_observations
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.report.session_verdicts import Observation, judge, session_verdict
from rapidstem.report.verdict_criteria import GOOD

# The default of the configuration, which all simulated sessions of the documentation have.
LINE_WIDTH_NM = 13.7
TABLES = ("line_detection", "line_identity")
PRINTED = {
    "track_residual": "residual_px",
    "angle_sigma": "angle_sigma_deg",
    "centre_sigma": "centre_sigma_nm",
    "resolution": "resolution_in_line_widths",
    "lost_ends": "lost_ends_percent",
    "hidden_lines": "hidden_lines_percent",
    "same_lines": "same_lines_percent",
    "stated_deviations": "differences_over_stated",
    "paired_centres": "paired_percent",
    "depth_bow": "bow_nm",
}


def contents_of(folder: Path) -> SessionContents:
    """What a session's folder holds of its tilt series and the drift of its fields."""
    shown: dict[str, list[str]] = {}
    for path in sorted(folder.glob("dislocations/*/*.line_summary.csv")):
        shown.setdefault(path.parent.name, []).append(path.name.removesuffix(".line_summary.csv"))
    rapid = {series: [name for name in names if name != "slow"] for series, names in shown.items()}
    return SessionContents(
        folder.name,
        fields=[path.name.removesuffix(".drift.csv") for path in sorted(folder.glob("dcfi/*.drift.csv"))],
        shown=shown,
        against_slow=rapid,
        figures={"distortion": ["distortion-map"], "choice": [], "scores": []},
        configuration={"tomography": {"line_width_nm": LINE_WIDTH_NM}},
    )


def checked(results: Results, contents: SessionContents, observations: list[Observation]) -> dict[str, object]:
    """Verdict and truth of one session."""
    judgements = judge(observations)
    verdict = session_verdict(judgements)
    assert verdict is not None
    poor = dict.fromkeys(each.criterion.quantity for each in judgements if each.grade != GOOD)
    row: dict[str, object] = {"session": contents.session, "verdict": verdict.verdict.grade, "confidence": verdict.confidence}
    row |= {"checks": len(judgements), "not_good": "; ".join(poor)}
    return row | truth_of(results, next(name for names in contents.against_slow.values() for name in names))


def truth_of(results: Results, variant: str) -> dict[str, float]:
    """Found, real and one to one of a variant against the truth, percent."""
    tables = [results.table(f"evaluation/{name}.csv") for name in TABLES]
    found, identity = (table[(table["variant"] == variant) & (table["against"] == "truth")] for table in tables)
    whole = found[found["place"] == "all"].iloc[0]
    shares = {name: round(float(whole[name]), 1) for name in ("found_percent", "real_percent")}
    return shares | {"one_to_one_percent": round(float(identity["one_to_one_percent"].iloc[0]), 1)}


def values_of(contents: SessionContents, observations: list[Observation]) -> pd.DataFrame:
    """One row a variant: what was seen of its alignment, its tomogram and its lines."""
    of_variants = [each for each in observations if each.variant]
    seen = pd.DataFrame([(each.variant, each.criterion, each.value) for each in of_variants], columns=["variant", "criterion", "value"])
    values = seen.pivot(index="variant", columns="criterion", values="value")[list(PRINTED)].rename(columns=PRINTED)
    return pd.concat({contents.session: values.round(2)}, names=["session"]).reset_index()


def main(folders: list[Path]) -> None:
    """Record both tables."""
    rows, values = [], []
    for folder in folders:
        results, contents = Results(folder), contents_of(folder)
        observations = session_observations(results, contents)
        rows.append(checked(results, contents, observations))
        values.append(values_of(contents, observations))
    record_table("session_checks", pd.DataFrame(rows), ["session"])
    record_table("session_checks.values", pd.concat(values, ignore_index=True), ["session", "variant"])


if __name__ == "__main__":
    main([Path(folder) for folder in sys.argv[1:] or ["results/demo"]])
