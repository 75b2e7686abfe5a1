"""Files: written whole, sealed by their digests, and read back only if they are right."""

from __future__ import annotations

from cxsim.files.whole import file_name, is_file, whole_file, whole_folder

__all__ = ["file_name", "is_file", "whole_file", "whole_folder"]
