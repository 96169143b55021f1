"""The raw files of a session: what is wrong with them, and what they do not share."""

from collections.abc import Iterator

from rapidstem.files import FallbackMetadata, check_files
from rapidstem_workflow.carried_over import check_carried_over, foreign_remarks
from rapidstem_workflow.session import Session
from rapidstem_workflow.variants import rapid_variants


def check_raw_files(session: Session) -> list[str]:
    """Open every raw file of a session that is not simulated, say what is wrong or does not fit, and give what a person should know.

    Raises
    ------
    InputError
        Naming every row, file and remedy.
    """
    if session.simulated:
        return [*_missing_model_series(session), *foreign_remarks(session, {})]
    reading = dict(session.config["reading"])
    detector = reading.pop("detector")
    sheet = session.sheet.reset_index(drop=True)
    tomography = session.config["tomography"]
    per_row = any(variant.geometry == "per-row" for variant in rapid_variants(tomography["denoisers"], tomography["geometry"]))
    checked = check_files(sheet, detector, FallbackMetadata(**reading), session.config["training"]["single_frames"], per_row)
    check_carried_over(session, checked.rapid)
    return [*checked.remarks, *_missing_model_series(session), *foreign_remarks(session, checked.rapid)]


def _missing_model_series(session: Session) -> Iterator[str]:
    """That training fields are held against another series than the configuration names, as that one does not take part."""
    named = session.config["training"]["similar_to"]
    if named in session.left_out and session.model_series:
        yield f"training.similar_to: {named} does not take part; training fields are held against {session.model_series} instead"
