"""Descriptions of parameters, by the module name that launch files use."""

from __future__ import annotations

from .parameters import ParameterDescriptor as Parameter
from .parameters import ParameterFile, ParameterValue

__all__ = ["Parameter", "ParameterFile", "ParameterValue"]
