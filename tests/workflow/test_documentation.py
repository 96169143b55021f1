"""What the documentation says is what the software does."""

from config.write_readme import readme
from tests.workflow.tiny_session import ROOT


def test_configuration_page_is_made_from_the_schemas() -> None:
    assert (ROOT / "config/README.md").read_text(encoding="utf-8") == readme()


def test_configuration_page_says_an_empty_default_in_words_that_show() -> None:
    row = next(line for line in readme().splitlines() if line.startswith("| `live.source` |"))
    assert '| `""` |' in row and "``" not in readme()
