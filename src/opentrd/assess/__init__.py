"""The clinical argument as SQL files: one file is one table, in the order of the flow.

The package shares its name with the function ``opentrd.assess``; calling it runs that function.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that can be called, so that ``opentrd.assess(record)`` works beside ``opentrd.assess.plan``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``opentrd.api.assess``; see there for the arguments."""
        from opentrd.api import assess

        return assess(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
