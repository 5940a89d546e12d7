"""Says what is wrong with settings and params, in words for whoever typed them.

The typed value is never shown: it may be a secret in the wrong place.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from partner_messages.config.plain_text import shown

_WANTED: Mapping[str, str] = {
    **dict.fromkeys(("tuple_type", "list_type"), "must be a list"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be an object in braces"),
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes or unit",
    "missing": "is missing",
}
"""By pydantic's names for what is wrong with a value."""

_BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda said: f"must be more than {said['gt']:g}",
    "greater_than_equal": lambda said: f"must be {said['ge']:g} or more",
    "less_than_equal": lambda said: f"must be {said['le']:g} or less",
    **dict.fromkeys(("literal_error", "enum"), lambda said: f"must be {said['expected']}".replace("'", '"')),
}

_NUMBER = re.compile(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*(?:h|hours?|min|minutes?|s|seconds?)?\s*")
"""A number that somebody put into quotes, or gave the unit that it has anyway."""


def first_problem(error: ValidationError, model: type[BaseModel], called: str = "setting") -> str:
    """Say the first problem of a validation as `"key": what is wrong with it`.

    Args:
        error: What pydantic says.
        model: What was validated.
        called: What a key of it is called.
    """
    problem = error.errors(include_url=False)[0]
    loc = problem["loc"]
    key = shown(".".join(str(part) for part in loc))
    if problem["type"] == "extra_forbidden":
        return f'"{key}" is not a {called}; {_meant(loc, model)}'
    said = _said(problem, _field_of(loc, model))
    # A rule about several keys at once names them itself.
    return f'"{key}" {said}.' if said == _WANTED["missing"] else f'"{key}": {said}.' if key else f"{said}."


def _said(problem: Any, field: FieldInfo | None) -> str:
    kind = problem["type"]
    if bound := _BOUNDS.get(kind):
        return bound(problem["ctx"])
    said = _WANTED.get(kind)
    if said is None:
        words: str = problem["msg"]
        return words.removeprefix("Value error, ").replace("Input should be", "must be")
    if kind in ("int_type", "float_type"):
        # `"72h"`: a person's own number says best what is meant, and is no secret.
        number = _NUMBER.fullmatch(problem["input"]) if isinstance(problem["input"], str) else None
        unit = f" ({field.title})" if field and field.title else ""
        return f"{said}{unit}" + (f", such as {number[1]}" if number else "")
    if not (field and field.examples):
        return said
    example = field.examples[0]
    return f"{_WANTED['list_type'] if isinstance(example, list) else said}, such as {json.dumps(example)}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Which of the known names somebody may have meant."""
    near = difflib.get_close_matches(name.lower(), list(known), n=1)
    return near[0] if near else None


def _meant(loc: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """The nearest key that there is; where none is near, where they all stand."""
    there = _type_at(loc[:-1], model)
    known = _keys(there) if isinstance(there, type) and issubclass(there, BaseModel) else {}
    near = nearest(str(loc[-1]), known)
    return f'the nearest one is "{near}".' if near else "see the table in docs/settings.md."


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _field_of(loc: tuple[int | str, ...], model: type[BaseModel]) -> FieldInfo | None:
    there = _type_at(loc[:-1], model)
    if isinstance(there, type) and issubclass(there, BaseModel):
        return _keys(there).get(str(loc[-1])) if loc else None
    return None


def _type_at(loc: tuple[int | str, ...], model: type[BaseModel]) -> Any:
    """The value at a place: a model, or anything else that has no keys of its own."""
    there: Any = model
    for part in loc:
        if isinstance(part, int):  # Of a list the model is what each entry is.
            continue
        if get_origin(there) is dict:
            there = _object_in(get_args(there)[1])
        else:
            field = _keys(there).get(str(part)) if there else None
            there = _object_in(field.annotation) if field else None
    return there


def _object_in(annotation: Any) -> Any:
    """What of an annotation is a JSON object: a model, or a dictionary of models by id; None where nothing is."""
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    if is_model or get_origin(annotation) is dict:
        return annotation
    return next((found for one in get_args(annotation) if (found := _object_in(one))), None)
