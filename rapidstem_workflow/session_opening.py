"""A session from its configuration and its sheet: checked before any job starts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

from rapidstem.denoising import denoiser_settings
from rapidstem.dislocations import crystal_orientation
from rapidstem.errors import InputError
from rapidstem.files import read_sheet
from rapidstem_workflow.command_line import given_values
from rapidstem_workflow.configuration_checks import (
    SCHEMA,
    check_configuration,
    check_repeated_keys,
    configuration_schema,
    naming_key,
    write_out,
)
from rapidstem_workflow.session import Session
from rapidstem_workflow.session_checks import check_in_situ_names, check_names, check_session, check_similar_to
from rapidstem_workflow.setting_order import bring_into_order


def read_configuration(paths: Sequence[Path], entries: Sequence[str] = ()) -> dict[str, Any]:
    """The configuration that Snakemake makes of the files of its `--configfile` and of `--config`: of what several say the last counts.

    Parameters
    ----------
    paths : of the files, in their order.
    entries : `key=value` of the command line, which count before the files.

    Raises
    ------
    InputError
        A file is not there, is neither YAML nor JSON with keys, or has a key twice; a value of the command line is no YAML.
    """
    config: dict[str, Any] = {}
    for path in paths:
        update_config(config, _configuration_file(path))
    check_repeated_keys(paths)
    update_config(config, given_values(entries, configuration_schema()))
    return config


def _configuration_file(path: Path) -> dict[str, Any]:
    """What one file says, read as Snakemake reads it."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such configuration file; correct its path")
    try:
        return load_configfile(path)
    except (WorkflowError, UnicodeError):
        remedy = "write it as YAML (UTF-8, no tabulators for indentation) or JSON; config/README.md explains every key"
        raise InputError(f"{path}: is no configuration, which consists of keys and values; {remedy}") from None


def open_session(config: dict[str, Any]) -> Session:
    """Check a configuration and its sheet, and give the session; the configuration gets its long forms, defaults and order in place.

    Raises
    ------
    InputError
        Naming every key, or every row and column, that is wrong.
    """
    write_out(config)
    check_configuration(config)
    validate(config, str(SCHEMA))
    bring_into_order(config)
    return read_session(config)


def read_session(config: dict[str, Any]) -> Session:
    """Read the sheet of a checked configuration that holds all defaults, and give the session.

    Raises
    ------
    InputError
        For a sheet that does not hold together, an unknown denoiser, or one that cannot be trained.
    """
    names = [entry["name"] for entry in config["denoisers"]]
    check_names(names, config["tomography"]["denoisers"])
    check_in_situ_names(names, config["in_situ"]["denoisers"] or [])
    for entry in config["denoisers"]:
        with naming_key("denoisers"):
            denoiser_settings(entry["name"], {key: value for key, value in entry.items() if key != "name"})
    if config["crystal"]:
        crystal_orientation(config["crystal"]["x"], config["crystal"]["z"])
    sheet = read_sheet(config["acquisitions"]).set_index("acquisition", drop=False)
    unknown = [name for name in config["leave_out"] if name not in sheet.index]
    if unknown:
        raise InputError(f"Configuration key 'leave_out': {config['acquisitions']} has no row of {', '.join(unknown)}; correct the name.")
    check_similar_to(config["training"]["similar_to"], sheet, config["acquisitions"])
    session = Session(config["session"], sheet.drop(config["leave_out"]), config)
    check_session(session)
    return session
