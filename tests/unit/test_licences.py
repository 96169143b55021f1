"""The default installation is free software: a laboratory of a company may run all of it."""

from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression

from envs.write_environments import locked_versions

# Licences that the Free Software Foundation or the Open Source Initiative lists, as packages write them.
SPDX = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "GPL-3.0-or-later"}
SPDX |= {"LLVM-exception", "MIT", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib"}
CLASSIFIERS = {
    "OSI Approved :: Apache Software License",
    "OSI Approved :: BSD License",
    "OSI Approved :: GNU General Public License (GPL)",
    "OSI Approved :: MIT License",
    "OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
    "OSI Approved :: Python Software Foundation License",
    "Public Domain",
}
WORDS = {"BSD", "BSD 3-Clause", "BSD 2-Clause License", "BSD License", "GPLv3", "MIT License", "Apache License 2.0"}
# The wheel of astra-toolbox links NVIDIA's runtime for its graphics-card kernels: proprietary, free of charge for any use.
RUNTIMES = {"nvidia-cuda-runtime-cu12", "nvidia-cufft-cu12", "nvidia-nvjitlink-cu12"}


def _is_free(package: Distribution) -> bool:
    """By the licence expression; where there is none by the classifiers, then the licence's name, then the first line of its text."""
    expression = package.metadata.get("License-Expression")
    if expression:
        return _is_free_expression(expression)
    classifiers = [
        line.removeprefix("License :: ") for line in package.metadata.get_all("Classifier") or [] if line.startswith("License :: ")
    ]
    if classifiers:
        return set(classifiers) <= CLASSIFIERS
    stated = package.metadata.get("License") or _licence_text(package)
    title = stated.strip().splitlines()[0].strip() if stated.strip() else ""
    return title in WORDS or _is_free_expression(title)


def _is_free_expression(expression: str) -> bool:
    try:
        names = canonicalize_license_expression(expression).replace("(", " ").replace(")", " ").split()
    except ValueError:
        return False
    return bool(names) and set(names) - {"AND", "OR", "WITH"} <= SPDX


def _licence_text(package: Distribution) -> str:
    texts = [Path(str(package.locate_file(file))) for file in package.files or [] if file.name.upper().startswith("LICENSE")]
    return texts[0].read_text(encoding="utf-8") if texts else ""


def _not_free(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not _is_free(distribution(name)))


def test_every_pinned_package_is_free_software() -> None:
    assert set(_not_free(locked_versions())) <= RUNTIMES


def test_the_runtimes_are_there_for_astra_alone() -> None:
    needed = {line.split()[0].split("=")[0].split(";")[0] for line in distribution("astra-toolbox").requires or []}
    assert {"nvidia-cuda-runtime-cu12", "nvidia-cufft-cu12"} <= needed


@pytest.mark.parametrize(
    ("lines", "free"),
    [
        ("Classifier: License :: Free for non-commercial use", False),
        ("License-Expression: CC-BY-NC-4.0", False),
        ("License-Expression: MIT AND LicenseRef-Ours", False),
        ("License: Proprietary", False),
        ("Summary: says nothing", False),
        ("License-Expression: MIT OR Apache-2.0", True),
        ("License: BSD-3-Clause", True),
    ],
)
def test_a_licence_that_is_not_free_is_named(lines: str, free: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "acme-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: acme\nVersion: 1.0\n{lines}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert _not_free(["acme"]) == ([] if free else ["acme"])
