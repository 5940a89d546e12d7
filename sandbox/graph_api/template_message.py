"""Check a message against the approved components of its template.

The sentences were seen in production; D/support/error-codes ("Other errors") explains the codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.graph_api.errors import GraphError, check_keys, invalid_parameter
from sandbox.graph_api.outbox import Content
from sandbox.graph_api.template_rules import BODY_LENGTH, HEADER_LENGTH, URL_LENGTH
from sandbox.graph_api.template_shape import Button, Shape, fill
from sandbox.graph_api.template_store import Template, TemplateStatus

UNSENDABLE = {TemplateStatus.PAUSED: 132015, TemplateStatus.DISABLED: 132016}
TEXT_RULES_CODE_SINCE = 23  # Since v23.0 the code is 132018; before, 132000.
BREAKS_TEXT_RULES = re.compile(r"[\n\r\t]| {5}")
TEXT_RULES = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
URL_SUFFIX = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=@/?#]|%[0-9A-Fa-f]{2})+")
# Sources say 128 or 256 characters; the stricter limit is used.
PAYLOAD_LENGTH = 128

TEMPLATE_KEYS = {"name", "language", "components"}
LANGUAGE_KEYS = {"code", "policy"}
COMPONENT_KEYS = {"type", "parameters", "sub_type", "index"}
PARAMETER_KEYS = {
    "text": {"type", "text", "parameter_name"},
    "image": {"type", "image"},
    "payload": {"type", "payload"},
}
MEDIA_KEYS = {"link", "id"}

Parameters = Sequence[Mapping[str, Any]]


def template_name_and_language(template: object) -> tuple[str, str]:
    """The name and language of a message's template.

    Args:
        template: The message's `template` object.

    Raises:
        GraphError: 100 if the object has a wrong form.
    """
    given = as_object(template, "template", TEMPLATE_KEYS)
    language = as_object(given.get("language"), "template['language']", LANGUAGE_KEYS)
    name, code = given.get("name"), language.get("code")
    if not isinstance(name, str) or not name:
        raise invalid_parameter("The parameter template['name'] is required.")
    if not isinstance(code, str) or not code:
        raise invalid_parameter("The parameter template['language']['code'] is required.")
    policy = language.get("policy", "deterministic")
    if policy != "deterministic":
        raise invalid_parameter(
            f"Param template['language']['policy'] must be one of {{DETERMINISTIC}} - got \"{policy}\"."
        )
    return name, code


def sendable(template: Template | None, name: str, language: str) -> Template:
    """The template, if it can be sent.

    Raises:
        GraphError: 132001 if it does not exist or is not approved, 132015 if it is paused, 132016 if it is disabled.
    """
    if template is not None and template.status in UNSENDABLE:
        raise GraphError(UNSENDABLE[template.status])
    if template is None or template.status is not TemplateStatus.APPROVED:
        raise GraphError(132001, f"template name ({name}) does not exist in {language}")
    return template


def compose(template: Template, components: object, version: int) -> Content:
    """Fill a message's parameters into its template.

    Args:
        template: An approved template.
        components: The message's `template.components`, if any.
        version: The API version before the dot.

    Raises:
        GraphError: 132000 for a wrong number of parameters, 132012 or 132018 for a wrong form, 131008 for a missing or
            empty parameter, 132005 if the filled-in text is too long.
    """
    shape = template.shape
    header, body, buttons = _by_component(components)
    header_values = _header(shape, header, version)
    body_values = _texts(body, shape.body_variables, "body", named=shape.named, version=version)
    values = _button_values(shape.buttons, buttons, version)

    text = fill(shape.body, dict(zip(shape.body_variables, body_values, strict=True)))
    _check_length(text, BODY_LENGTH)
    shown_header: dict[str, str] | None = None
    if shape.header_format == "IMAGE":
        shown_header = {"type": "image", "link": header_values[0]}
    elif shape.header_format == "TEXT":
        title = fill(shape.header_text, dict(zip(shape.header_variables, header_values, strict=True)))
        _check_length(title, HEADER_LENGTH)
        shown_header = {"type": "text", "text": title}
    shown_buttons = tuple(_shown(button, values.get(index)) for index, button in enumerate(shape.buttons))
    return Content(
        text=text,
        header=shown_header,
        footer=shape.footer,
        buttons=shown_buttons,
        template_name=template.name,
        language=template.language,
        category=template.category,
        parameters={"header": header_values, "body": body_values, "buttons": list(values.values())},
    )


def image_link(image: object, place: str, keys: set[str] = MEDIA_KEYS) -> str:
    """The URL of a picture in a message.

    Raises:
        GraphError: 100 if there is none, or it is not https; this server has no pictures by id.
    """
    given = as_object(image, place, keys)
    link = given.get("link")
    if "id" in given:
        raise invalid_parameter(f"Param {place}['id'] is not the id of an uploaded picture.")
    if not isinstance(link, str) or not re.fullmatch(r"https://[^\s]+", link):
        raise invalid_parameter(f"Param {place}['link'] is not a valid URI.")
    return link


def as_object(value: object, place: str, keys: set[str]) -> Mapping[str, Any]:
    """The value, if it is an object with only these keys.

    Raises:
        GraphError: 100 in Meta's words.
    """
    if value is None:
        raise invalid_parameter(f"The parameter {place} is required.")
    if not isinstance(value, dict):
        raise invalid_parameter(f"Param {place} must be a JSON object.")
    check_keys(value, keys, f' on param "{place}"')
    return value


def _by_component(components: object) -> tuple[Parameters, Parameters, dict[int, tuple[str, Parameters]]]:
    """The header's parameters, the body's, and by button index its sub type and parameters."""
    found: dict[str, Parameters] = {}
    buttons: dict[int, tuple[str, Parameters]] = {}
    if components is not None and not isinstance(components, list):
        raise invalid_parameter("Param template['components'] must be an array.")
    for place, given in enumerate(components or ()):
        component = as_object(given, f"template['components'][{place}]", COMPONENT_KEYS)
        kind = str(component.get("type", "")).lower()
        parameters = _parameters(component.get("parameters", []), place)
        if kind == "button":
            index = str(component.get("index", ""))
            if not index.isascii() or not index.isdigit() or int(index) in buttons:
                raise GraphError(132018, "buttons: Each button component needs the index of its button, each once")
            buttons[int(index)] = (str(component.get("sub_type", "")).lower(), parameters)
        elif kind not in ("header", "body"):
            raise invalid_parameter(
                f"Param template['components'][{place}]['type'] must be one of {{HEADER, BODY, BUTTON}} - got '{kind}'."
            )
        elif kind in found:
            raise GraphError(132018, f"{kind}: There must be one component of this type")
        else:
            found[kind] = parameters
    return found.get("header", ()), found.get("body", ()), buttons


def _parameters(parameters: object, component: int) -> Parameters:
    place = f"template['components'][{component}]['parameters']"
    if not isinstance(parameters, list):
        raise invalid_parameter(f"Param {place} must be an array.")
    for number, parameter in enumerate(parameters):
        kind = str(parameter.get("type") if isinstance(parameter, dict) else None)
        if kind not in PARAMETER_KEYS:
            raise invalid_parameter(
                f"Param {place}[{number}]['type'] must be one of {{TEXT, IMAGE, PAYLOAD}} - got \"{kind}\"."
            )
        as_object(parameter, f"{place}[{number}]", PARAMETER_KEYS[kind])
    return parameters


def _header(shape: Shape, parameters: Parameters, version: int) -> list[str]:
    if shape.header_format is None and parameters:
        raise GraphError(132018, "header: Template does not contain title component, no parameters allowed")
    if shape.header_format != "IMAGE":
        return _texts(parameters, shape.header_variables, "header", named=shape.named, version=version)
    received = str(parameters[0]["type"]).upper() if parameters else "UNKNOWN"
    if received != "IMAGE":
        raise GraphError(132012, f"header: Format mismatch, expected IMAGE, received {received}")
    if len(parameters) > 1:
        raise _wrong_number("header", len(parameters), 1)
    return [image_link(parameters[0].get("image"), "template['components']['header']['image']")]


def _texts(parameters: Parameters, names: tuple[str, ...], where: str, *, named: bool, version: int) -> list[str]:
    """The values of these variables, in order."""
    for parameter in parameters:
        if parameter["type"] != "text":
            raise GraphError(132012, f"{where}: Format mismatch, expected TEXT, received {parameter['type'].upper()}")
    if len(parameters) != len(names):
        raise _wrong_number(where, len(parameters), len(names))
    if not named:
        if any("parameter_name" in parameter for parameter in parameters):
            raise GraphError(132018, f"{where}: The template has positional parameters, parameter_name is not allowed")
        return [_text(parameter, version) for parameter in parameters]
    values = {str(parameter.get("parameter_name") or ""): parameter for parameter in parameters}
    if "" in values:
        raise GraphError(100, "Parameter name is missing or empty")
    if set(values) != set(names):
        raise GraphError(132018, f"{where}: The template's parameters are {', '.join(names)}")
    return [_text(values[name], version) for name in names]


def _text(parameter: Mapping[str, Any], version: int) -> str:
    text = parameter.get("text")
    if text is not None and not isinstance(text, str):
        raise invalid_parameter("Param text must be a string.")
    if text is None or not text.strip():
        raise GraphError(131008, "Parameter of type text is missing text value")
    if BREAKS_TEXT_RULES.search(text):
        raise GraphError(132018 if version >= TEXT_RULES_CODE_SINCE else 132000, TEXT_RULES)
    return text


def _button_values(
    buttons: tuple[Button, ...], given: Mapping[int, tuple[str, Parameters]], version: int
) -> dict[int, str]:
    """By index, the value of each button with a parameter: the end of its URL, or its payload."""
    values: dict[int, str] = {}
    for index, (sub_type, parameters) in sorted(given.items()):
        if index >= len(buttons):
            raise GraphError(132018, f"buttons: Button at index {index} does not exist in the template")
        button = buttons[index]
        if sub_type != button.type.lower():
            raise GraphError(132018, f"buttons: Button at index {index} must be of type {_type_in_words(button)}")
        if button.type == "QUICK_REPLY":
            values[index] = _payload(parameters, index)
        elif not button.takes_suffix:
            raise GraphError(
                132018, f"buttons: Button at index {index} of type {_type_in_words(button)} takes no parameter"
            )
        elif parameters:
            values[index] = _suffix(parameters, index, version)
    for index, button in enumerate(buttons):
        if button.takes_suffix and index not in values:
            raise GraphError(131008, f"buttons: Button at index {index} of type Url requires a parameter")
    return values


def _suffix(parameters: Parameters, index: int, version: int) -> str:
    if len(parameters) != 1:
        raise _wrong_number("buttons", len(parameters), 1)
    if parameters[0]["type"] != "text":
        raise GraphError(132012, f"buttons: Format mismatch, expected TEXT, received {parameters[0]['type'].upper()}")
    if not str(parameters[0].get("text") or "").strip():
        raise GraphError(131008, f"buttons: Button at index {index} of type Url requires a parameter")
    suffix = _text(parameters[0], version)
    if not URL_SUFFIX.fullmatch(suffix):
        raise GraphError(
            132018,
            f"buttons: Button at index {index} of type Url has a parameter that is not percent-encoded",
        )
    return suffix


def _payload(parameters: Parameters, index: int) -> str:
    payload = parameters[0].get("payload") if len(parameters) == 1 else None
    if not isinstance(payload, str) or not 0 < len(payload) <= PAYLOAD_LENGTH:
        raise GraphError(
            132018,
            f"buttons: Button at index {index} of type QuickReply needs a payload of 1 to {PAYLOAD_LENGTH} characters",
        )
    return payload


def _shown(button: Button, value: str | None) -> dict[str, str]:
    shown = {"type": button.type, "text": button.text}
    if button.type == "URL":
        shown["url"] = fill(button.target, {"1": value or ""})
        _check_length(shown["url"], URL_LENGTH)
    if button.type == "QUICK_REPLY":
        shown["payload"] = value or button.text  # Without a payload, a tap returns the label.
    return shown


def _type_in_words(button: Button) -> str:
    """A button's type as Meta writes it in sentences: `Url`, `QuickReply`."""
    return button.type.title().replace("_", "")


def _wrong_number(where: str, got: int, wanted: int) -> GraphError:
    return GraphError(
        132000,
        f"{where}: number of localizable_params ({got}) does not match the expected number of params ({wanted})",
    )


def _check_length(text: str, longest: int) -> None:
    if len(text) > longest:
        raise GraphError(132005, f"Translated text too long: {len(text)} characters, the limit is {longest}")
