"""Trained networks passed on to other programs, and taken in.

    python -m rapidstem_workflow.model_exchange export models/dlf-slow field.emd dlf-slow.zip --author "A. Person" --licence CC-BY-4.0
    python -m rapidstem_workflow.model_exchange onnx models/dlf-slow dlf-slow.onnx
    python -m rapidstem_workflow.model_exchange import dlf-slow.zip models/theirs

The first two need the group model-zoo: `pip install .[model-zoo]`.
"""

import argparse
import sys
from pathlib import Path

from rapidstem.denoising import load_model, model_folder
from rapidstem.denoising.exchange import PackageOrigin, read_zoo_package, write_onnx, write_zoo_package
from rapidstem.errors import InputError
from rapidstem.files import open_frames


def main(arguments: list[str] | None = None) -> None:
    """Do what the command line says, and say where the result is.

    Parameters
    ----------
    arguments
        Of the command line; those of the process where none are given.
    """
    given = _parser().parse_args(arguments)
    try:
        given.action(given)
    except InputError as error:
        sys.exit(str(error))
    print(f"Written: {given.target.resolve()}")


def _export_package(given: argparse.Namespace) -> None:
    with open_frames(given.frames) as stack:
        frame = stack.frames[0]
    write_zoo_package(given.target, given.model, frame, PackageOrigin(given.author, given.licence))


def _export_onnx(given: argparse.Namespace) -> None:
    write_onnx(given.target, load_model(model_folder(given.model)))


def _import_package(given: argparse.Namespace) -> None:
    read_zoo_package(given.package, given.target)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Pass trained networks on to other programs, and take them in.")
    actions = parser.add_subparsers(required=True)
    export = actions.add_parser("export", help="a model as a package of the BioImage Model Zoo")
    export.add_argument("model", help="folder models/<denoiser> of a session, or `general`")
    export.add_argument("frames", type=Path, help="raw file; its first frame goes into the package as the example")
    export.add_argument("target", type=Path, help="package to write, .zip")
    export.add_argument("--author", action="append", required=True, help="may be given several times")
    export.add_argument("--licence", required=True, help="SPDX identifier, such as CC-BY-4.0")
    export.set_defaults(action=_export_package)
    onnx = actions.add_parser("onnx", help="a model as ONNX")
    onnx.add_argument("model", help="folder models/<denoiser> of a session, or `general`")
    onnx.add_argument("target", type=Path, help="file to write, .onnx")
    onnx.set_defaults(action=_export_onnx)
    taken = actions.add_parser("import", help="a package that rapidstem has exported")
    taken.add_argument("package", type=Path)
    taken.add_argument("target", type=Path, help="folder to write, for `model` or `start_from` of a denoiser")
    taken.set_defaults(action=_import_package)
    return parser


if __name__ == "__main__":
    main()
