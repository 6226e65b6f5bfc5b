"""`navigation_node` where nav2_msgs is not installed: a program, started by tests."""

from __future__ import annotations

import importlib.util
import sys

if importlib.util.find_spec("embedded_ros") is not None:
    import embedded_ros

    embedded_ros.activate()


class Blocker:
    """Lets nobody import nav2_msgs."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "nav2_msgs":
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


sys.meta_path.insert(0, Blocker())

if __name__ == "__main__":
    from spatial_perception.ros.nodes.navigation_node import main

    raise SystemExit(main())
