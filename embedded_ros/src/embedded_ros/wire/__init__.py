"""The ROS 2 wire over Cyclone DDS: participants, raw readers and writers, the graph, services."""

from __future__ import annotations
