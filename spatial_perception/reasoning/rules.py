"""All rules of the grammar, in the order in which they are tried."""

from __future__ import annotations

from spatial_perception.reasoning.rule_context import Rule
from spatial_perception.reasoning.rules_edit import read_edit
from spatial_perception.reasoning.rules_space import (
    read_direction,
    read_distance,
    read_nearest,
    read_order,
    read_route,
)
from spatial_perception.reasoning.rules_things import (
    read_compare,
    read_contents,
    read_count,
    read_exists,
    read_find,
    read_holds,
    read_room_of,
    read_size,
    read_where,
    read_which,
)

RULES: tuple[Rule, ...] = (
    read_direction, read_order, read_count, read_compare, read_nearest, read_distance, read_edit, read_size, read_room_of,
    read_route, read_which, read_exists, read_contents, read_holds, read_where, read_find,
)  # fmt: skip
