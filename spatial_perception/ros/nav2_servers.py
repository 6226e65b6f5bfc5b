"""Nav2's servers that can be kept up to date at run time: vector objects, routes, exclusion zones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from spatial_perception.files import atomic_write
from spatial_perception.navigation.route_graph import dump_route_geojson
from spatial_perception.navigation.shapes import CircleShape, PolygonShape, Shape
from spatial_perception.navigation.zones import ExclusionZone
from spatial_perception.ros.convert.nav2 import circle_message, polygon_object, uuid_message, zone_message
from spatial_perception.ros.service_sync import Call, ServiceSync

if TYPE_CHECKING:
    from rclpy.client import Client
    from rclpy.node import Node

    from spatial_perception.navigation.navigator import NavigationMap
    from spatial_perception.ros.navigation_settings import Nav2Settings


def nav2_type(name: str) -> Any:
    """A message or service of nav2_msgs (`srv/AddShapes`), None where this installation has none of that name."""
    kind, _, last = name.partition("/")
    try:
        return getattr(import_module(f"nav2_msgs.{kind}"), last, None)
    except ImportError:
        return None


class Nav2Servers:
    """Sends what changed to the servers that are there."""

    def __init__(self, node: Node, settings: Nav2Settings) -> None:
        self._node, self._settings = node, settings
        self._missing: list[str] = []
        self.route_file = _route_file(node, settings.route_file)
        self.shapes = self._shapes() if settings.shapes else None
        self.route = self._route() if settings.route else None
        self.zones = self._zones() if settings.exclusion_zones else None
        if self._missing:
            names = ", ".join(self._missing)
            node.get_logger().info(f"nav2_msgs has no {names} here; the servers that need them are not kept up to date")

    @property
    def syncs(self) -> dict[str, ServiceSync[Any, Any]]:
        """Those in use, by name."""
        known = {"vector objects": self.shapes, "route graph": self.route, "exclusion zones": self.zones}
        return {name: sync for name, sync in known.items() if sync is not None}

    def update(self, place: NavigationMap, door_operation: str = "") -> None:
        """What the servers should hold from now on."""
        if self.shapes is not None:
            self.shapes.want({shape.uuid: shape for shape in place.shapes})
        if self.route is not None:
            text = dump_route_geojson(place.route, door_operation=door_operation) if place.route.edges else ""
            # The Route Server refuses graphs without edges: it keeps the one it has.
            self.route.want({"graph": text} if text else {})
        if self.zones is not None:
            self.zones.want({zone.name: zone for zone in place.jamb_zones})

    def tick(self) -> None:
        """Notice servers that come and go."""
        for sync in self.syncs.values():
            sync.tick()

    def close(self) -> None:
        """Take all clients back."""
        for sync in self.syncs.values():
            sync.close()

    # ------------------------------------------------------------------ one for each server
    def _clients(self, *services: tuple[str, str]) -> tuple[Client, ...] | None:
        types = [nav2_type(f"srv/{kind}") for kind, _ in services]
        absent = [kind for (kind, _), found in zip(services, types) if found is None]
        self._missing += absent
        if absent:
            return None
        return tuple(self._node.create_client(found, name) for found, (_, name) in zip(types, services))

    def _shapes(self) -> ServiceSync[UUID, Shape] | None:
        server = self._settings.vector_object_server
        clients = self._clients(("AddShapes", f"{server}/add_shapes"), ("RemoveShapes", f"{server}/remove_shapes"))
        if clients is None:
            return None
        add, remove = clients

        def plan(removed: list[tuple[UUID, Shape]], added: list[Shape]) -> list[Call]:
            calls: list[Call] = []
            if removed:
                uuids = [uuid_message(uuid) for uuid, _ in removed]
                calls.append((remove, nav2_type("srv/RemoveShapes").Request(uuids=uuids)))
            if added:
                calls.append((add, _add_shapes(added)))
            return calls

        # A circle with the UUID of a polygon does not replace it.
        return ServiceSync(self._node, "vector objects", clients, plan, lambda old, new: type(old) is type(new))

    def _route(self) -> ServiceSync[str, str] | None:
        clients = self._clients(("SetRouteGraph", f"{self._settings.route_server}/set_route_graph"))
        if clients is None:
            return None
        (client,) = clients

        def plan(removed: list[tuple[str, str]], added: list[str]) -> list[Call]:
            for text in added:
                atomic_write(self.route_file, text)
                return [(client, nav2_type("srv/SetRouteGraph").Request(graph_filepath=str(self.route_file)))]
            return []

        return ServiceSync(self._node, "route graphs", clients, plan)

    def _zones(self) -> ServiceSync[str, ExclusionZone] | None:
        source = self._settings.exclusion_zones
        clients = self._clients(
            ("AddExclusionZone", f"{source}/add_exclusion_zone"),
            ("RemoveExclusionZone", f"{source}/remove_exclusion_zone"),
        )
        if clients is None:
            return None
        add, remove = clients

        def plan(removed: list[tuple[str, ExclusionZone]], added: list[ExclusionZone]) -> list[Call]:
            gone = [(remove, nav2_type("srv/RemoveExclusionZone").Request(zone_name=name)) for name, _ in removed]
            new = [(add, nav2_type("srv/AddExclusionZone").Request(zone=zone_message(zone))) for zone in added]
            return [*gone, *new]

        return ServiceSync(self._node, "exclusion zones", clients, plan, lambda old, new: False)


def _add_shapes(shapes: Sequence[Shape]) -> Any:
    request = nav2_type("srv/AddShapes").Request()
    request.circles = [circle_message(shape) for shape in shapes if isinstance(shape, CircleShape)]
    request.polygons = [polygon_object(shape) for shape in shapes if isinstance(shape, PolygonShape)]
    return request


def _route_file(node: Node, given: str) -> Path:
    """The file as it was given, else one of this node's own in the folder of ROS."""
    if given:
        return Path(given).expanduser().resolve()
    home = Path(os.environ.get("ROS_HOME") or Path.home() / ".ros")
    return home / "spatial_perception" / node.get_fully_qualified_name().strip("/") / "route_graph.geojson"
