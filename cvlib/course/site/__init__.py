"""The site: the stored notebooks as pages that need neither a network nor a server.

Sphinx with myst-nb draws them; nothing is executed. `build` lays out a source folder (`pages`,
`landing`) beside the configuration in `sphinx/` and runs Sphinx with warnings as errors.
"""

from cvlib.course.site.build import build, require

__all__ = ["build", "require"]
