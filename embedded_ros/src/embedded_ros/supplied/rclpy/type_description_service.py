"""The service that tells others the definitions of the types a node uses."""

from __future__ import annotations

import weakref
from typing import Any

from embedded_ros.messages.hashing import type_description, type_hash
from embedded_ros.messages.model import UnknownInterfaceError
from embedded_ros.messages.registry import definition_text

START_PARAMETER = "start_type_description_service"


class TypeDescriptionService:
    """Serves ``~/get_type_description``; distributions before Jazzy that lack its types have no such service."""

    def __init__(self, node: Any) -> None:
        try:
            from type_description_interfaces.srv import GetTypeDescription
        except ImportError:
            return
        self._node = weakref.ref(node)
        node.create_service(GetTypeDescription, "~/get_type_description", self._describe)

    def _describe(self, request: Any, response: Any) -> Any:
        """Answer with the description whose hash was asked for (REP-2016)."""
        try:
            found = type_hash(request.type_name)
        except UnknownInterfaceError as error:
            response.failure_reason = str(error)
            return response
        if request.type_hash and request.type_hash != found:
            response.failure_reason = f"Type hash of {request.type_name} is {found}, not {request.type_hash}"
            return response
        response.type_description = to_message(type_description(request.type_name))
        if request.include_type_sources:
            response.type_sources = list(_sources(request.type_name))
        response.successful = True
        return response


def to_message(description: dict[str, Any]) -> Any:
    """Return type_description_interfaces/TypeDescription of a description laid out for hashing."""
    from type_description_interfaces.msg import TypeDescription

    return TypeDescription(
        type_description=_individual(description["type_description"]),
        referenced_type_descriptions=[_individual(item) for item in description["referenced_type_descriptions"]],
    )


def _individual(item: dict[str, Any]) -> Any:
    from type_description_interfaces.msg import Field, FieldType, IndividualTypeDescription

    fields = [Field(name=field["name"], type=FieldType(**field["type"])) for field in item["fields"]]
    return IndividualTypeDescription(type_name=item["type_name"], fields=fields)


def _sources(name: str) -> Any:
    from type_description_interfaces.msg import TypeSource

    text = definition_text(name)
    if text is not None:
        yield TypeSource(type_name=name, encoding=name.split("/")[1], raw_file_contents=text)
