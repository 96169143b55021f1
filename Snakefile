"""Rapid STEM tomography of dislocations: from raw frame stacks to dislocation positions and their errors.

Reads and checks the configuration and the acquisition sheet, includes the rules, and names the targets.
"""

import gc
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod
from snakemake.utils import min_version, update_config

min_version("9.0")
# The folder of this file, also where another workflow uses it as a module.
REPOSITORY = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
sys.path.insert(0, str(REPOSITORY))
# A large graph is millions of objects that stay: looking for garbage among them takes a tenth of its time.
gc.set_threshold(200_000, 50, 50)

from rapidstem.denoising import CARD, GENERAL, LOSSES, WEIGHTS, model_folder
from rapidstem.errors import InputError
from rapidstem.figures import (
    CHOICE,
    DISTORTION,
    FIELD,
    IN_SITU_SERIES,
    LINES,
    POSITIONS,
    SCORES,
    SWEEP_MAP,
    VARIANT,
    figure_entry,
    figures_of,
)
from rapidstem.files import is_log, series_name
from rapidstem_workflow.command_line import given_values
from rapidstem_workflow.configuration_checks import check_repeated_keys, configuration_schema
from rapidstem_workflow.container_image import container_image
from rapidstem_workflow.function_signatures import remember_signatures
from rapidstem_workflow.imported_modules import code_mark
from rapidstem_workflow.input_sets import remember_inputs
from rapidstem_workflow.raw_contents import content_mark, stores_mb
from rapidstem_workflow.run_summary import (
    acquisitions_with_bad_input,
    failure_lines,
    jobs_failed_since_start,
    made_lines,
    mark_start,
    remark_lines,
)
from rapidstem_workflow.scheduler_timers import keep_one_timer
from rapidstem_workflow.second_run import run_without
from rapidstem_workflow.raw_file_checks import check_raw_files
from rapidstem_workflow.session_checks import check_optional_packages
from rapidstem_workflow.session_opening import open_session
from rapidstem_workflow.setting_order import without_defaults

keep_one_timer()
remember_signatures()
remember_inputs()

# A configuration given on the command line replaces that of the demo; merged into it, the demo's keys would stay.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


try:
    if workflow.modifier.is_main_snakefile():
        check_repeated_keys(workflow.configfiles)
        update_config(
            config, given_values(workflow.config_settings.config_args or [], configuration_schema())
        )
    SESSION = open_session(config)
    REMARKS = check_raw_files(SESSION) if workflow.is_main_process else None
    if workflow.is_main_process and not workflow.deployment_settings.deployment_method:
        check_optional_packages(SESSION)
    APPTAINER = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
    IMAGE = container_image(REPOSITORY) if APPTAINER else None
except InputError as error:
    raise WorkflowError(str(error)) from None


if REMARKS:
    print("\n".join(remark_lines(REMARKS)), file=sys.stderr)


report: "workflow/report/workflow.rst"


if IMAGE:

    container: IMAGE


include: "workflow/rules/common.smk"
include: "workflow/rules/frame_memory.smk"
include: "workflow/rules/given_models.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/references.smk"
include: "workflow/rules/distortion.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/general.smk"
include: "workflow/rules/denoising.smk"
include: "workflow/rules/tomography.smk"
include: "workflow/rules/dislocations.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/in_situ.smk"
include: "workflow/rules/drawing.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/look.smk"
include: "workflow/rules/live.smk"
include: "workflow/rules/exports.smk"


if "sweep" in SESSION.config:

    include: "workflow/rules/sweep.smk"


rule all:
    default_target: True
    input:
        f"{SESSION.folder}/report.html",
        ZARR_VOLUMES,
        ZARR_SERIES,


rule dcfi:
    input:
        expand(f"{SESSION.folder}/dcfi/{{acquisition}}.ome.tif", acquisition=FIELDS),


onstart:
    mark_start(Path(FOLDER))


onsuccess:
    print("\n".join(made_lines(Path(FOLDER))))


onerror:
    failures = jobs_failed_since_start(Path(FOLDER))
    print("\n".join(["What failed; all that had finished is kept:", *failure_lines(failures)]))
    bad = acquisitions_with_bad_input(failures, SESSION.acquisitions())
    repeats = workflow.execution_settings.keep_going and any(
        job.rule.name == "write_report" for job in workflow.dag.jobs
    )
    if bad and repeats:
        left_out = SESSION.left_out + bad
        print(f"Now everything else, without {', '.join(left_out)}:", flush=True)
        if not run_without(left_out, workflow.config_settings.config_args or []):
            print(f"give the same command with --config 'leave_out={left_out}'")
