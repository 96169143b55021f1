"""A file is found among a job's inputs as Snakemake itself finds it."""

import pytest
from snakemake.io import IOFile
from snakemake.iocontainers import InputFiles

from rapidstem_workflow.input_sets import remember_inputs


@pytest.mark.parametrize("count", [3, 300])
def test_a_file_is_among_the_inputs_it_was_given_with_and_among_no_others(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InputFiles, "__contains__", list.__contains__)
    remember_inputs()
    files = InputFiles([IOFile(f"raw/{number}.emd") for number in range(count)])
    assert IOFile("raw/2.emd") in files and "raw/2.emd" in files
    assert IOFile("raw/2.tif") not in files and None not in files
    files.append(IOFile("raw/late.emd"))
    assert IOFile("raw/late.emd") in files


def test_inputs_of_another_job_at_the_same_place_in_memory_are_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InputFiles, "__contains__", list.__contains__)
    remember_inputs()
    for job in range(20):
        files = InputFiles([IOFile(f"{job}/{number}.emd") for number in range(200)])
        assert f"{job}/7.emd" in files and f"{job - 1}/7.emd" not in files
        del files
