"""Pages and pictures of ``docs/`` that programs write: ``python -m lab.pages.model``, ..."""
