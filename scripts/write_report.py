"""Gather the session's tables and figures into one page."""

from pathlib import Path

from script_support import logged

from rapidstem.report import SessionContents, session_report, write_report

with logged(snakemake):
    contents = SessionContents(**{name: value for name, value in snakemake.params.items() if name != "code"})
    size = write_report(snakemake.output.report, session_report(Path(snakemake.output.report).parent, contents))
    print(f"The report has {size / 1e6:.1f} MB")
