"""Data: a verified local file for a name, and image sets as tensors.

`data/registry.toml` is the only place that knows a download; `data/README.md` has a card per set.
"""

from cvlib.course.data.classroom import Row, bundle, fetch, listing, verify
from cvlib.course.data.formats import members
from cvlib.course.data.kept import kept
from cvlib.course.data.locate import path
from cvlib.course.data.sets import Images, images

__all__ = ["Images", "Row", "bundle", "fetch", "images", "kept", "listing"]
__all__ += ["members", "path", "verify"]
