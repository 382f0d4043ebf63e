"""What all tests share: the databases, and how long Hypothesis looks for trouble."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.databases"]

# A busy machine makes one example slow now and then; that is no fault of what is tested.
settings.register_profile(
    "default", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
