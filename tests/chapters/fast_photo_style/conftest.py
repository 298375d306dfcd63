"""The photos of the science's tests serve the chapter's too."""

from tests.stylization.conftest import generator, photo, tiny  # noqa: F401
