"""The part of a node that holds its parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from rclpy._arguments import matches
from rclpy._parameter_checks import check_value, failure, success
from rclpy.exceptions import (
    InvalidParameterException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import PARAMETER_SEPARATOR_STRING, Parameter, value_from_yaml

Callback = Callable[[list[Parameter]], Any]


class ParameterStore:
    """Mixin of Node: declaring, getting and setting parameters."""

    def _impl_init_parameters(
        self,
        overrides: Sequence[Parameter] | None,
        allow_undeclared: bool,
        rules: Sequence[Any],
        declare_from_overrides: bool,
    ) -> None:
        self._parameters: dict[str, Parameter] = {}
        self._descriptors: dict[str, Any] = {}
        self._impl_pre_set_callbacks: list[Callable[[list[Parameter]], list[Parameter]]] = []
        self._impl_on_set_callbacks: list[Callback] = []
        self._impl_post_set_callbacks: list[Callback] = []
        self._allow_undeclared_parameters = allow_undeclared
        self._parameter_overrides: dict[str, Parameter] = {}
        for rule in rules:
            if matches(rule.node, self.get_fully_qualified_name()):
                self._parameter_overrides[rule.name] = value_from_yaml(rule.value, name=rule.name)
        self._parameter_overrides.update({parameter.name: parameter for parameter in overrides or []})
        self._impl_declare_from_overrides = declare_from_overrides

    def _impl_declare_overrides(self) -> None:
        if self._impl_declare_from_overrides:
            from rcl_interfaces.msg import ParameterDescriptor

            free = ParameterDescriptor(dynamic_typing=True)
            for name, parameter in self._parameter_overrides.items():
                if name not in self._parameters:
                    self.declare_parameter(name, parameter.value, copy.copy(free))

    # Declaring

    def declare_parameter(
        self, name: str, value: Any = None, descriptor: Any = None, ignore_override: bool = False
    ) -> Parameter:
        """Declare a parameter with a default value or a type; return it with the value it got.

        Raises ParameterAlreadyDeclaredException, InvalidParameterException, InvalidParameterTypeException and
        InvalidParameterValueException.
        """
        entry: tuple[Any, ...] = (name,) if value is None else (name, value)
        entry = entry if descriptor is None else (name, value, descriptor)
        return self.declare_parameters("", [entry], ignore_override)[0]

    def declare_parameters(
        self, namespace: str, parameters: Sequence[tuple], ignore_override: bool = False
    ) -> list[Parameter]:
        """Declare parameters given as (name), (name, value or type) or (name, value or type, descriptor)."""
        prepared = [
            self._impl_prepare(namespace, entry, index, ignore_override) for index, entry in enumerate(parameters)
        ]
        taken = [parameter.name for parameter, _ in prepared if parameter.name in self._descriptors]
        if taken:
            raise ParameterAlreadyDeclaredException(taken)
        for parameter, descriptor in prepared:
            self._impl_declare_one(parameter, descriptor)
        return [self._parameters[parameter.name] for parameter, _ in prepared]

    def _impl_prepare(self, namespace: str, entry: tuple, index: int, ignore_override: bool) -> tuple[Parameter, Any]:
        from rcl_interfaces.msg import ParameterDescriptor

        if not isinstance(entry, (tuple, list)) or not 1 <= len(entry) <= 3:
            raise TypeError(
                f"Invalid parameter tuple length at index {index} in parameters list: {entry}; expecting 1 to 3 elements"
            )
        if not isinstance(entry[0], str):
            raise TypeError(f"First element {entry[0]} at index {index} in parameters list is not a str.")
        name = f"{namespace}.{entry[0]}" if namespace else entry[0]
        _validate_name(name)
        value = entry[1] if len(entry) > 1 else None
        descriptor = copy.copy(entry[2]) if len(entry) > 2 and entry[2] is not None else ParameterDescriptor()
        if not isinstance(descriptor, ParameterDescriptor):
            raise TypeError(
                f"Third element {descriptor} at index {index} in parameters list is not a ParameterDescriptor."
            )
        descriptor.name = name
        if len(entry) == 1:
            descriptor.dynamic_typing = True
        value = _settle_type(name, value, descriptor)
        if not ignore_override and name in self._parameter_overrides:
            value = self._parameter_overrides[name].value
            if isinstance(value, list) and not value:
                return Parameter(name, Parameter.Type(descriptor.type) if descriptor.type else None, []), descriptor
        kind = (
            Parameter.Type(descriptor.type)
            if isinstance(value, (list, tuple)) and not value and descriptor.type
            else None
        )
        return Parameter(name, kind, value), descriptor

    def _impl_declare_one(self, parameter: Parameter, descriptor: Any) -> None:
        unset = parameter.type_ is Parameter.Type.NOT_SET
        if not descriptor.dynamic_typing and not unset and parameter.type_.value != descriptor.type:
            raise InvalidParameterTypeException(parameter, Parameter.Type(descriptor.type))
        if not unset:
            result = check_value(parameter, descriptor, check_read_only=False)
            result = self._impl_ask_callbacks([parameter]) if result.successful else result
            if not result.successful:
                raise InvalidParameterValueException(parameter.name, parameter.value, result.reason)
        self._descriptors[parameter.name] = descriptor
        self._parameters[parameter.name] = parameter
        if descriptor.dynamic_typing and not unset:
            descriptor.type = parameter.type_.value
        if not unset:
            self._impl_after_set([parameter], {parameter.name})

    def undeclare_parameter(self, name: str) -> None:
        """Remove a parameter; raises ParameterNotDeclaredException or ParameterImmutableException."""
        if not self.has_parameter(name):
            raise ParameterNotDeclaredException(name)
        if self._descriptors[name].read_only:
            raise ParameterImmutableException(name)
        removed = self._parameters.pop(name)
        del self._descriptors[name]
        self._impl_publish_event(deleted=[removed])

    def has_parameter(self, name: str) -> bool:
        """Return whether a parameter is declared."""
        return name in self._parameters

    # Getting

    def get_parameter(self, name: str) -> Parameter:
        """Return a parameter; raises ParameterNotDeclaredException or ParameterUninitializedException."""
        if not self.has_parameter(name):
            if self._allow_undeclared_parameters:
                return Parameter(name, Parameter.Type.NOT_SET, None)
            raise ParameterNotDeclaredException(name)
        parameter = self._parameters[name]
        if parameter.type_ is Parameter.Type.NOT_SET and not self._descriptors[name].dynamic_typing:
            raise ParameterUninitializedException(name)
        return parameter

    def get_parameters(self, names: list[str]) -> list[Parameter]:
        """Return parameters; raises TypeError and what ``get_parameter`` raises."""
        if not all(isinstance(name, str) for name in names):
            raise TypeError("All names must be instances of type str")
        return [self.get_parameter(name) for name in names]

    def get_parameter_or(self, name: str, alternative_value: Parameter | None = None) -> Parameter:
        """Return a parameter, ``alternative_value`` when it is not set."""
        if alternative_value is None:
            alternative_value = Parameter(name, Parameter.Type.NOT_SET)
        if not self.has_parameter(name) or self._parameters[name].type_ is Parameter.Type.NOT_SET:
            return alternative_value
        return self._parameters[name]

    def get_parameters_by_prefix(self, prefix: str) -> dict[str, Parameter]:
        """Return the parameters below a prefix, by the rest of their names."""
        start = prefix + PARAMETER_SEPARATOR_STRING if prefix else ""
        return {name[len(start) :]: value for name, value in self._parameters.items() if name.startswith(start)}

    def get_parameter_types(self, names: list[str]) -> list[Parameter.Type]:
        """Return the types of parameters; raises what ``get_parameter`` raises."""
        return [self.get_parameter_type(name) for name in names]

    def get_parameter_type(self, name: str) -> Parameter.Type:
        """Return the type of a parameter; raises ParameterNotDeclaredException."""
        if self.has_parameter(name):
            return self._parameters[name].type_
        if self._allow_undeclared_parameters:
            return Parameter.Type.NOT_SET
        raise ParameterNotDeclaredException(name)

    def list_parameters(self, prefixes: list[str], depth: int) -> Any:
        """Return a ListParametersResult of the names below ``prefixes``, ``depth`` levels deep (0: all)."""
        from rcl_interfaces.msg import ListParametersResult

        names = [name for name in self._parameters if _listed(name, prefixes, depth)]
        found = dict.fromkeys(name.rpartition(".")[0] for name in names if "." in name)
        return ListParametersResult(names=names, prefixes=list(found))

    def describe_parameter(self, name: str) -> Any:
        """Return the ParameterDescriptor of a parameter; raises ParameterNotDeclaredException."""
        if name in self._descriptors:
            return self._descriptors[name]
        if self._allow_undeclared_parameters:
            from rcl_interfaces.msg import ParameterDescriptor

            return ParameterDescriptor()
        raise ParameterNotDeclaredException(name)

    def describe_parameters(self, names: list[str]) -> list[Any]:
        """Return the ParameterDescriptors of parameters; raises ParameterNotDeclaredException."""
        return [self.describe_parameter(name) for name in names]

    def set_descriptor(self, name: str, descriptor: Any, alternative_value: Any = None) -> Any:
        """Replace a parameter's descriptor, and its value by ``alternative_value`` if that is given."""
        if not self.has_parameter(name):
            raise ParameterNotDeclaredException(name)
        if self._descriptors[name].read_only:
            raise ParameterImmutableException(name)
        descriptor = copy.copy(descriptor)
        descriptor.name = name
        current = self._parameters[name] if alternative_value is None else Parameter.from_parameter_msg(
            _named(name, alternative_value)
        )  # fmt: skip
        if not descriptor.dynamic_typing:
            descriptor.type = current.type_.value
        result = check_value(current, descriptor, check_read_only=False)
        if not result.successful:
            raise InvalidParameterValueException(name, current.value, result.reason)
        self._descriptors[name], self._parameters[name] = descriptor, current
        return current.get_parameter_value()

    # Setting

    def set_parameters(self, parameter_list: list[Parameter]) -> list[Any]:
        """Set parameters one by one; return a SetParametersResult each. Raises ParameterNotDeclaredException."""
        return [self._impl_set_together([parameter], strict=True) for parameter in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> Any:
        """Set all parameters or none; return a SetParametersResult. Raises ParameterNotDeclaredException."""
        return self._impl_set_together(parameter_list, strict=True)

    def _impl_set_from_outside(self, parameters: list[Parameter]) -> Any:
        """Set parameters on request of a service: what is not declared is refused, not raised."""
        return self._impl_set_together(parameters, strict=False)

    def _impl_set_together(self, parameters: list[Parameter], strict: bool) -> Any:
        for callback in self._impl_pre_set_callbacks:
            parameters = callback(parameters)
        missing = [parameter.name for parameter in parameters if not self.has_parameter(parameter.name)]
        if missing and not self._allow_undeclared_parameters:
            if strict:
                raise ParameterNotDeclaredException(missing)
            return failure(f"parameter '{missing[0]}' cannot be set because it was not declared")
        for parameter in parameters:
            if parameter.name in self._descriptors:
                result = self._impl_check_existing(parameter)
                if not result.successful:
                    return result
        result = self._impl_ask_callbacks(parameters)
        if result.successful:
            self._impl_store(parameters)
        return result

    def _impl_check_existing(self, parameter: Parameter) -> Any:
        descriptor = self._descriptors[parameter.name]
        if parameter.type_ is Parameter.Type.NOT_SET and not descriptor.dynamic_typing:
            return failure(f"parameter '{parameter.name}' cannot be undeclared: its type is static")
        return check_value(parameter, descriptor, check_read_only=True)

    def _impl_ask_callbacks(self, parameters: list[Parameter]) -> Any:
        for callback in list(self._impl_on_set_callbacks):
            result = callback(parameters)
            if not result.successful:
                return result
        return success()

    def _impl_store(self, parameters: list[Parameter]) -> None:
        new: set[str] = set()
        for parameter in parameters:
            if parameter.name not in self._descriptors:
                self._descriptors[parameter.name] = _free_descriptor(parameter)
                new.add(parameter.name)
            if self._descriptors[parameter.name].dynamic_typing:
                self._descriptors[parameter.name].type = parameter.type_.value
            self._parameters[parameter.name] = parameter
        self._impl_after_set(parameters, new)

    def _impl_after_set(self, parameters: list[Parameter], new: set[str]) -> None:
        for callback in list(self._impl_post_set_callbacks):
            callback(parameters)
        deleted = [p for p in parameters if p.type_ is Parameter.Type.NOT_SET]
        kept = [p for p in parameters if p.type_ is not Parameter.Type.NOT_SET]
        for parameter in deleted:
            self._parameters.pop(parameter.name, None)
            self._descriptors.pop(parameter.name, None)
        self._impl_publish_event([p for p in kept if p.name in new], [p for p in kept if p.name not in new], deleted)

    # Callbacks

    def add_pre_set_parameters_callback(self, callback: Callable[[list[Parameter]], list[Parameter]]) -> None:
        """Let ``callback`` change the list of parameters before it is checked; the latest comes first."""
        self._impl_pre_set_callbacks.insert(0, callback)

    def add_on_set_parameters_callback(self, callback: Callback) -> None:
        """Let ``callback`` accept or reject changes with a SetParametersResult; the latest comes first."""
        self._impl_on_set_callbacks.insert(0, callback)

    def add_post_set_parameters_callback(self, callback: Callback) -> None:
        """Call back after changes; the latest comes first."""
        self._impl_post_set_callbacks.insert(0, callback)

    def remove_pre_set_parameters_callback(self, callback: Callback) -> None:
        """Undo ``add_pre_set_parameters_callback``; raises ValueError when it was not added."""
        self._impl_pre_set_callbacks.remove(callback)

    def remove_on_set_parameters_callback(self, callback: Callback) -> None:
        """Undo ``add_on_set_parameters_callback``; raises ValueError when it was not added."""
        self._impl_on_set_callbacks.remove(callback)

    def remove_post_set_parameters_callback(self, callback: Callback) -> None:
        """Undo ``add_post_set_parameters_callback``; raises ValueError when it was not added."""
        self._impl_post_set_callbacks.remove(callback)

    def _impl_publish_event(
        self, new: Sequence[Parameter] = (), changed: Sequence[Parameter] = (), deleted: Sequence[Parameter] = ()
    ) -> None:
        publisher = getattr(self, "_parameter_event_publisher", None)
        if publisher is None or not self.context.ok():
            return
        from rcl_interfaces.msg import ParameterEvent

        publisher.publish(
            ParameterEvent(
                stamp=self.get_clock().now().to_msg(),
                node=self.get_fully_qualified_name(),
                new_parameters=[parameter.to_parameter_msg() for parameter in new],
                changed_parameters=[parameter.to_parameter_msg() for parameter in changed],
                deleted_parameters=[parameter.to_parameter_msg() for parameter in deleted],
            )
        )


def _validate_name(name: str) -> None:
    if not name or not name.strip():
        raise InvalidParameterException(name)


def _settle_type(name: str, value: Any, descriptor: Any) -> Any:
    """Fix the type in the descriptor by the default value or type given; return the default value."""
    if isinstance(value, Parameter.Type):
        if value is Parameter.Type.NOT_SET:
            raise ValueError(f"Cannot declare parameter {{{name}}} as statically typed with type NOT_SET")
        if descriptor.dynamic_typing:
            raise ValueError("When passing `Parameter.Type`, `dynamic_typing` must be False")
        descriptor.type = value.value
        return None
    if isinstance(value, Parameter):
        value = value.value
    if descriptor.dynamic_typing:
        return value
    if value is None:
        if descriptor.type == Parameter.Type.NOT_SET.value:
            raise ValueError(
                "Cannot declare a statically typed parameter with default value of type PARAMETER_NOT_SET; "
                f"give {name!r} a default value, a Parameter.Type or dynamic_typing"
            )
        return None
    if descriptor.type == Parameter.Type.NOT_SET.value or not isinstance(value, (list, tuple)) or len(value):
        descriptor.type = Parameter.Type.from_parameter_value(value).value
    return value


def _free_descriptor(parameter: Parameter) -> Any:
    from rcl_interfaces.msg import ParameterDescriptor

    return ParameterDescriptor(name=parameter.name, dynamic_typing=True, type=parameter.type_.value)


def _named(name: str, value: Any) -> Any:
    from rcl_interfaces.msg import Parameter as ParameterMsg

    return ParameterMsg(name=name, value=value)


def _listed(name: str, prefixes: list[str], depth: int) -> bool:
    if not prefixes:
        return depth == 0 or name.count(".") < depth
    for prefix in prefixes:
        if name == prefix:
            return True
        if name.startswith(prefix + "."):
            rest = name[len(prefix) + 1 :]
            if depth == 0 or rest.count(".") < depth:
                return True
    return False
