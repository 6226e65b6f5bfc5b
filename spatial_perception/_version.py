"""The one place where the version is written for Python; package.xml carries the same number."""

__version__ = "0.1.0"
