"""Gather the session's verdicts, tables and figures into one page, and write beside it what a comparison of sessions needs."""

from pathlib import Path

from script_support import logged

from rapidstem.report import SessionContents, session_report, write_report, write_summary

with logged(snakemake):
    folder = Path(snakemake.output.report).parent
    contents = SessionContents(**{name: value for name, value in snakemake.params.items() if name != "code"})
    report = session_report(folder, contents)
    write_summary(snakemake.output.summary, report)
    size = write_report(snakemake.output.report, report)
    print(f"The report has {size / 1e6:.1f} MB")
