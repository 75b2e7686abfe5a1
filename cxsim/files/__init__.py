"""Files: written whole, sealed by their digests, and read back only if they are right."""

from __future__ import annotations

from cxsim._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "is_file": "whole",
        "whole_file": "whole",
        "whole_folder": "whole",
    },
)
