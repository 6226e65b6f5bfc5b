"""Lets tools that look for setup.py (older pip, colcon) install the package; everything is declared in pyproject.toml."""

from setuptools import setup

setup()
