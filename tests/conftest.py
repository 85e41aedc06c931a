"""What holds for all tests."""

import os

from hypothesis import HealthCheck, settings

# Times on a shared machine say nothing about the code. The same examples every time, unless
# KOOPMARK_FUZZ asks for that many random ones.
many = os.environ.get("KOOPMARK_FUZZ")
settings.register_profile(
    "koopmark",
    deadline=None,
    derandomize=many is None,
    max_examples=int(many or 100),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("koopmark")
