"""The finished tiny session, as the tests of the workflow use it."""

from tests.workflow.conftest import finished_session, session_copy

__all__ = ["finished_session", "session_copy"]
