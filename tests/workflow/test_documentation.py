"""What the documentation says is what the software does."""

import re
import shlex
import shutil
from pathlib import Path

from config.write_readme import INTRODUCTION, readme
from tests.workflow.tiny_session import ROOT, counted_jobs, snakemake


def test_configuration_page_is_made_from_the_schemas() -> None:
    assert (ROOT / "config/README.md").read_text(encoding="utf-8") == readme()


def test_configuration_page_says_an_empty_default_in_words_that_show() -> None:
    row = next(line for line in readme().splitlines() if line.startswith("| `live.source` |"))
    assert '| `""` |' in row and "``" not in readme()


def test_values_on_the_command_line_are_taken_as_printed(tmp_path: Path) -> None:
    """On the demo, as a newcomer types them."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (given,) = re.findall(r"^    snakemake --cores 8 (--config .*)$", INTRODUCTION, flags=re.MULTILINE)
    planned = counted_jobs(snakemake(tmp_path, "--dry-run", *shlex.split(given)))
    rows = (tmp_path / "config/acquisitions.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert planned["simulate_acquisition"] == len(rows) - 1, "one is left out"
