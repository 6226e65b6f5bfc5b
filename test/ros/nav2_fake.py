"""Servers of Nav2 as far as they are called here: they record what they are told, and may refuse it."""

from __future__ import annotations

from nav2_msgs.srv import AddExclusionZone, AddShapes, RemoveExclusionZone, RemoveShapes, SetRouteGraph


class FakeNav2:
    """A Vector Object Server, a Route Server and a collision monitor in one node of the test."""

    def __init__(self, world, prefix=""):
        self.world, self.success = world, True
        self.shapes, self.zones, self.calls, self.graphs = {}, {}, [], []
        node, name = world.node, f"{prefix}/vector_object_server"
        self.services = [
            node.create_service(AddShapes, f"{name}/add_shapes", self._add),
            node.create_service(RemoveShapes, f"{name}/remove_shapes", self._remove),
            node.create_service(SetRouteGraph, f"{prefix}/route_server/set_route_graph", self._graph),
            node.create_service(
                AddExclusionZone, f"{prefix}/collision_monitor/scan/add_exclusion_zone", self._add_zone
            ),
            node.create_service(
                RemoveExclusionZone, f"{prefix}/collision_monitor/scan/remove_exclusion_zone", self._remove_zone
            ),
        ]

    def close(self):
        for service in self.services:
            self.world.node.destroy_service(service)

    def _answer(self, response):
        response.success = self.success
        return response

    def _add(self, request, response):
        shapes = [*request.circles, *request.polygons]
        self.calls.append(("add", len(shapes)))
        if self.success:
            self.shapes |= {bytes(shape.uuid.uuid): shape for shape in shapes}
        return self._answer(response)

    def _remove(self, request, response):
        self.calls.append(("remove", len(request.uuids)))
        for uuid in request.uuids:
            del self.shapes[bytes(uuid.uuid)]
        return self._answer(response)

    def _graph(self, request, response):
        with open(request.graph_filepath, encoding="utf-8") as stream:
            self.graphs.append(stream.read())
        return self._answer(response)

    def _add_zone(self, request, response):
        assert request.zone.zone_name not in self.zones
        self.zones[request.zone.zone_name] = request.zone
        return self._answer(response)

    def _remove_zone(self, request, response):
        del self.zones[request.zone_name]
        return self._answer(response)
