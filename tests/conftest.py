"""What holds for all tests."""

from hypothesis import settings

# Times on a shared machine say nothing about the code.
settings.register_profile("koopmark", deadline=None)
settings.load_profile("koopmark")
