"""The session that runs of tests share is one of the code that they test."""

from pathlib import Path

import pytest

from tests.workflow.tiny_session import copied_code, finished_folder


@pytest.mark.parametrize("changed", ["rapidstem/numerics.py", "workflow/rules/common.smk", "scripts/align_series.py", "Snakefile"])
def test_a_finished_session_of_other_code_is_not_taken(tmp_path: Path, changed: str) -> None:
    copied_code(tmp_path)
    (tmp_path / "rapidstem/__pycache__").mkdir()
    (tmp_path / "rapidstem/__pycache__/numerics.pyc").write_bytes(b"compiled")
    assert finished_folder(Path("shared"), tmp_path) == finished_folder(Path("shared"))
    with (tmp_path / changed).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert finished_folder(Path("shared"), tmp_path) != finished_folder(Path("shared"))
