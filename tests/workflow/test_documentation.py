"""What the documentation says is what the software does."""

from config.write_readme import readme
from tests.workflow.tiny_session import ROOT


def test_configuration_page_is_made_from_the_schemas() -> None:
    assert (ROOT / "config/README.md").read_text(encoding="utf-8") == readme()
