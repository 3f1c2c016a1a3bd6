"""Where tests find the shared data, and what this machine lacks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real inputs with ground truth."""
    return Path(os.environ["FACTORY_TEST_DATA"]).resolve()
