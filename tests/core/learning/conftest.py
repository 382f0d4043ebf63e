"""What the tests of learning share."""

import pytest

from tests.core.learning.pupils import tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny model's folder; nobody writes into it."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))
