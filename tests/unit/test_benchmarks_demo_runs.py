"""`make benchmarks` runs what needs nothing but the demo, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.live_latency import demo_settings
from rapidstem_workflow.configuration_checks import configuration_schema

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def demanded(source: str) -> Iterator[str]:
    """The positional arguments that a module's command line cannot do without."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            name, nargs = ast.literal_eval(call.args[0]), named.get("nargs")
            spared = "default" in named or (isinstance(nargs, ast.Constant) and nargs.value in ("?", "*"))
            if not spared and (not name.startswith("-") or "required" in named):
                yield name


def asks_for_more(path: Path) -> bool:
    """Whether a benchmark has to be given something, or reads another session than the demo where it is given nothing."""
    source = path.read_text(encoding="utf-8")
    texts = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    sessions = {text for text in texts if re.fullmatch(r"results/[\w-]+", text)}
    return any(demanded(source)) or not sessions <= {"results/demo"}


def test_make_benchmarks_runs_all_that_need_nothing_but_the_demo() -> None:
    listed = re.search(r"^ASK_FOR_MORE := (.*)$", MAKEFILE, re.MULTILINE)
    assert listed
    benchmarks = {path.stem: path for path in (ROOT / "benchmarks").glob("[a-z]*.py") if "__main__" in path.read_text(encoding="utf-8")}
    assert sorted(listed[1].split()) == sorted(name for name, path in benchmarks.items() if asks_for_more(path))
    recipe = MAKEFILE.partition("benchmarks: demo\n")[2].partition("\n\n")[0]
    assert "$(ASK_FOR_MORE)" in recipe


def test_live_latency_is_measured_with_the_settings_of_the_demo() -> None:
    settings = demo_settings("ordered-subsets")
    stated = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["tomography"]
    known = {name: key.get("default") for name, key in configuration_schema()["properties"]["tomography"]["properties"].items()} | stated
    assert (settings.margin_nm, settings.iterations, settings.binarisation) == tuple(
        known[name] for name in ("margin_nm", "iterations", "binarisation")
    )
    assert (settings.alignment.thickness_nm, settings.alignment.line_width_nm) == (known["thickness_nm"], known["line_width_nm"])
    assert settings.alignment.angle_sigma_deg == known["rapid_angle_sigma_deg"] and settings.reconstruction == "ordered-subsets"


def test_make_clean_leaves_what_sessions_have_made() -> None:
    recipe = MAKEFILE.partition("\nclean:\n")[2]
    assert recipe.split() == ["rm", "-rf", ".venv", ".venv-docs", "build"]
    assert "# make clean " in MAKEFILE
