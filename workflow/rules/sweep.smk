"""A sweep: small simulated sessions over settings of the virtual microscope and of the chain, and the map of their errors."""

import shlex

from snakemake.utils import Paramspace

from rapidstem_workflow.sweep_points import (
    base_labels,
    point_configuration,
    point_table,
    point_text,
    sweep_points,
)
from rapidstem_workflow.sweep_session import MODULES, OPTIONS, SCRIPTS, check_points

SWEEP = f"{FOLDER}/sweep/"
SWEPT = {tuple(point.labels.values()): point for point in sweep_points(SESSION.config)}
POINTS = Paramspace(point_table(list(SWEPT.values())), filename_params=["seed"])
# The sessions of the points run as the sweep does; on a node of a cluster the main process has decided.
if workflow.is_main_process:
    methods = sorted(str(method) for method in workflow.deployment_settings.deployment_method)
    options = ["--software-deployment-method", *methods] if methods else []
    options += ["--conda-prefix", str(Path(".snakemake/conda").resolve())] if "conda" in methods else []
    os.environ[OPTIONS] = shlex.join(options)


envvars:
    OPTIONS,


def point_of(wildcards):
    """The point of a job."""
    return SWEPT[tuple(wildcards[name] for name in POINTS.dataframe.columns)]


def network_of(wildcards):
    """The mark of the network that is a point's specimen, where one is."""
    return network_mark(point_configuration(SESSION.config, point_of(wildcards))["simulate"])


def point_rows(wildcards):
    """The rows of all points; an error that says why where the session of one cannot be opened."""
    try:
        check_points(SWEPT.values(), SESSION.config, SESSION.sheet)
    except InputError as error:
        raise WorkflowError(str(error)) from None
    return expand(f"{SWEEP}points/{{instance}}.csv", instance=POINTS.instance_patterns)


rule run_point:
    """One point of the sweep: a session of its own, of which a row of the table stays."""
    output:
        row=f"{SWEEP}points/{POINTS.wildcard_pattern}.csv",
    log:
        f"{FOLDER}/logs/run_point/{POINTS.wildcard_pattern}.log",
    benchmark:
        f"{FOLDER}/benchmarks/run_point/{POINTS.wildcard_pattern}.tsv"
    threads: 1
    resources:
        mem_mb=memory_mb(4000),
        runtime=minutes(120),
    params:
        code={name: code_mark(name, *MODULES) for name in SCRIPTS},
        network=network_of,
        point=lambda wildcards: point_text(SESSION.config, SESSION.sheet, point_of(wildcards)),
    message:
        "Running the point {wildcards.factor} {wildcards.value}, {wildcards.second_factor} {wildcards.second_value}, seed {wildcards.seed}"
    shell:
        "PYTHONPATH={REPOSITORY:q} {sys.executable:q} -m rapidstem_workflow.sweep_session"
        " {params.point:q} {output.row:q}.session {output.row:q} > {log:q} 2>&1"


rule gather_sweep:
    """The rows of all points in one table."""
    input:
        rows=point_rows,
    output:
        table=f"{SWEEP}points.csv",
    log:
        f"{FOLDER}/logs/gather_sweep.log",
    benchmark:
        f"{FOLDER}/benchmarks/gather_sweep.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(300, 2),
        runtime=minutes(5),
    params:
        code=code("gather_sweep"),
    message:
        "Gathering the points of the sweep"
    script:
        "../../scripts/gather_sweep.py"


rule draw_sweep:
    """The map of the sweep: every error against every factor, and where the limits are passed."""
    input:
        points=rules.gather_sweep.output.table,
    output:
        figure_pictures(names_of(SWEEP_MAP), category="Sweep"),
        figure_data(names_of(SWEEP_MAP)),
        limits=f"{SWEEP}limits.csv",
    log:
        f"{FOLDER}/logs/draw_sweep.log",
    benchmark:
        f"{FOLDER}/benchmarks/draw_sweep.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(400, 4),
        runtime=minutes(10),
    params:
        code=drawing_code("draw_sweep", SWEEP_MAP),
        figures=drawn_by(names_of(SWEEP_MAP)),
        base=base_labels(SESSION.config),
    message:
        "Drawing the map of the sweep"
    script:
        "../../scripts/draw_sweep.py"


rule sweep:
    input:
        rules.draw_sweep.output,
        rules.gather_sweep.output.table,
