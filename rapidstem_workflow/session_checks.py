"""Whether a session holds together: its names, models, kinds of acquisitions, paths, and what is simulated."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from rapidstem.denoising import NEIGHBOURS, model_folder
from rapidstem.errors import InputError
from rapidstem.files import FILE_COLUMNS, check_zarr_packages, is_log
from rapidstem.microscope import settings_from
from rapidstem_workflow.configuration_checks import naming_key

if TYPE_CHECKING:
    from rapidstem_workflow.session import Session


def check_session(session: "Session") -> None:
    """See whether models, kinds, paths and what is simulated fit together.

    Raises
    ------
    InputError
        Naming the key, or the row and the column.
    """
    _check_models(session)
    _check_kinds(session)
    _check_braces(session)
    if session.simulated:
        _check_simulated(session)


def check_optional_packages(session: "Session") -> None:
    """See whether the packages of the results that are asked for are installed, where jobs run in the environment of Snakemake.

    Raises
    ------
    ResourceError
        Naming the key and the group of packages.
    """
    results = session.config["results"]
    if session.acquisitions("tilt_series") and "ome-zarr" in [*results["volumes"], *results["series"]]:
        check_zarr_packages("Configuration key 'results'")


def check_names(names: Sequence[str], reconstructed: Sequence[str]) -> None:
    """See whether denoisers stand once, and those that are reconstructed among them; an InputError names those that do not."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"Configuration key 'denoisers': {', '.join(twice)} stands there more than once; give each denoiser one entry.")
    unknown = sorted(set(reconstructed) - set(names))
    if unknown:
        raise InputError(
            f"Configuration key 'tomography.denoisers': {', '.join(unknown)} is not among the entries of 'denoisers' ({', '.join(names)})."
        )


def check_in_situ_names(names: Sequence[str], wanted: Sequence[str]) -> None:
    """See whether the networks of in-situ series stand among the denoisers; an InputError names those that do not."""
    networks = [name for name in names if name not in ("bm3d", NEIGHBOURS)]
    unknown = [name for name in wanted if name not in networks]
    if unknown:
        raise InputError(
            f"Configuration key 'in_situ.denoisers': {', '.join(unknown)} is no network among the entries of 'denoisers' "
            f"({', '.join(networks) or 'none'})."
        )


def check_similar_to(name: str | None, sheet: pd.DataFrame, place: str) -> None:
    """See whether what training fields must resemble is a tilt series of the whole sheet; an InputError names the sheet's place."""
    if name and name not in sheet.index[sheet["kind"] == "tilt_series"]:
        raise InputError(f"Configuration key 'training.similar_to': {name} is no row of kind 'tilt_series' of {place}.")


def _check_models(session: "Session") -> None:
    """See whether models that a denoiser is given are where they should be."""
    for name in _given_models(session):
        settings = session.network_settings(name)
        for setting in ("model", "start_from"):
            if getattr(settings, setting):
                with naming_key(f"denoisers: {name}: {setting}"):
                    model_folder(getattr(settings, setting))


def _given_models(session: "Session") -> list[str]:
    """The denoisers that a trained model may be named for: all but BM3D."""
    return [name for name in session.denoisers if name != "bm3d"]


def _check_kinds(session: "Session") -> None:
    pupils = session.learners
    if pupils and not session.acquisitions("training"):
        raise InputError(
            f"{session.config['acquisitions']}: there is no row of kind 'training', but the configuration names denoisers "
            f"({', '.join(pupils)}); add training fields, give trained models, name 'general' instead, or empty the list 'denoisers'."
        )
    without_slow = [name for name in session.acquisitions("training") if not session.sheet.loc[name, "slow"]]
    learners = [name for name in pupils if session.settings_of(name).target == "slow"]
    if without_slow and learners:
        raise InputError(
            f"{session.config['acquisitions']}: {', '.join(without_slow)} has no slow image, from which {', '.join(map(repr, learners))} "
            "learns; fill in the column 'slow', remove such denoisers, or set their target to dcfi."
        )
    if session.acquisitions("in_situ") and not session.in_situ_denoisers:
        raise InputError(
            f"{session.config['acquisitions']}: {', '.join(session.acquisitions('in_situ'))} is an in-situ series, but no network is there "
            "to denoise it; add one, as dlf-slow, to 'denoisers', or remove the row."
        )
    if session.measures_distortion and not session.calibration_fields:
        raise InputError(
            f"{session.config['acquisitions']}: the scan distortion is to be measured, "
            "but no row of kind 'calibration' or 'training' has a slow image; "
            "add one, give the path of a saved map as 'distortion', or leave it uncorrected with the method none."
        )
    saved_map = session.config["distortion"]["map"]
    if saved_map and not Path(saved_map).is_file():
        raise InputError(
            f"Configuration key 'distortion': there is no saved map {saved_map}; give the path of a map.csv, or let it be measured."
        )


def _check_braces(session: "Session") -> None:
    """Snakemake takes words in braces for wildcards, in the paths of files too."""
    named = [
        (f"{session.config['acquisitions']}, row of {name}, column {column}", session.path(name, column))
        for name in session.sheet.index
        for column in FILE_COLUMNS
    ]
    sheet = session.config["acquisitions"]
    logs = [(f"{sheet}, row of {name}, column temperature", session.temperature(name)) for name in session.sheet.index]
    given = [("Configuration key 'distortion'", session.config["distortion"]["map"] or "")]
    given += [
        (f"Configuration key 'denoisers: {name}: {setting}'", getattr(session.network_settings(name), setting))
        for name in _given_models(session)
        for setting in ("model", "start_from")
    ]
    wrong = [(place, path) for place, path in [*named, *logs, *given] if path and set(path) & set("{}")]
    lines = [
        f"{place}: {path} has braces in its path, which stand for wildcards here; rename the file or its folder" for place, path in wrong
    ]
    if lines:
        raise InputError("\n".join(lines))


def _check_simulated(session: "Session") -> None:
    with naming_key("simulate"):
        settings = settings_from(session.config["simulate"])
    heated = [] if settings.glide_speed_nm_per_s else session.acquisitions("in_situ")
    without = [name for name in heated if not session.temperature(name) or is_log(session.temperature(name))]
    if without:
        raise InputError(
            f"{session.config['acquisitions']}, row of {', '.join(without)}: a simulated in-situ series needs a number or a ramp in the "
            "column 'temperature', as 90..150@10."
        )
    raw = Path.cwd() / session.folder / "raw"
    for name in session.sheet.index:
        for column in ("rapid", "slow"):
            expected = raw / f"{name}.{column}.emd"
            given = session.sheet.loc[name, column]
            if given and Path(given) != expected:
                raise InputError(
                    f"{session.config['acquisitions']}, row of {name}: in a simulated session the column '{column}' must lead to "
                    f"{expected.relative_to(Path.cwd())} (relative to the sheet), where the virtual microscope writes it."
                )
