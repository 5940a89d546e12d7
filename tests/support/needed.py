"""What the tests need of the machine: without it they are skipped, but in CI they fail."""

from __future__ import annotations

import os

import pytest


def is_missing(what: str) -> None:
    """Skip the test, or fail it in CI, where nothing may be missing.

    Args:
        what: In a sentence, and how it is installed.
    """
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
