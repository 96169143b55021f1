"""What a person sees."""


rule write_report:
    """Everything a person wants to see, in one file that opens without a network."""
    input:
        denoising=rules.gather_tables.output.denoising,
        lines=rules.gather_tables.output.lines,
        positional_error=rules.gather_tables.output.positional_error,
        modules=modules("write_report"),
    output:
        f"{FOLDER}/report.html",
    log:
        f"{FOLDER}/logs/write_report.log",
    benchmark:
        f"{FOLDER}/benchmarks/write_report.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    conda:
        "../../envs/report.yaml"
    message:
        "Writing the report"
    script:
        "../../scripts/write_report.py"
