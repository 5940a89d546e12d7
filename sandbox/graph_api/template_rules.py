"""Meta's checks of a created or edited template before review, with their subcodes.

Sources: D/templates/components, D/templates/template-review, D/support/error-codes ("Template creation errors"); the
subcodes 2388023, 2388043, 2388060 and 2388273 and the exact sentences were seen in production.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeGuard

from sandbox.graph_api.errors import GraphError, check_keys, invalid_parameter
from sandbox.graph_api.languages import LANGUAGES
from sandbox.graph_api.template_shape import VARIABLE, variables


@dataclass(frozen=True)
class Rule:
    """A rule with the error for breaking it.

    Attributes:
        subcode: `error_subcode`; None if Meta documents none.
        title: `error_user_title`.
    """

    subcode: int | None
    title: str

    def broken(self, sentence: str) -> GraphError:
        """The error; the sentence is its `error_user_msg`."""
        return GraphError(
            100, message="Invalid parameter", subcode=self.subcode, user_title=self.title, user_message=sentence
        )


TOO_MANY_TEMPLATES = Rule(2388019, "Message Template Limit Exceeded")
BEING_DELETED = Rule(2388023, "Message Template Language Is Being Deleted")
ALREADY_EXISTS = Rule(2388024, "Content in This Language Already Exists")
NOT_EDITABLE = Rule(2388039, "Message template status can't be changed")
TOO_LONG = Rule(2388040, "Character Limit Exceeded")
FIELD_MISSING = Rule(2388043, 'Message template "components" param is missing expected field(s)')
HEADER_FORMAT = Rule(2388047, "Message header format is incorrect")
BUTTON_FORMAT = Rule(2388060, "Message button format is incorrect")
BODY_FORMAT = Rule(2388072, "Message body format is incorrect")
FOOTER_FORMAT = Rule(2388073, "Message footer format is incorrect")
HEADER_SAMPLE = Rule(2388273, "Message template header sample is missing")
TOO_MANY_VARIABLES = Rule(2388293, "Parameters words ratio exceeds limit")
VARIABLE_AT_EDGE = Rule(2388299, "Leading or trailing parameters not allowed")
CATEGORY_DIFFERS = Rule(None, "Template Category Doesn't Match")
BUTTONS_MIXED = Rule(None, "Message buttons are incorrect")
CATEGORY_FIXED = Rule(None, "Template category can't be changed")
NOT_DELETABLE = Rule(None, "Message template can't be deleted")
NOT_FOUND = Rule(None, "Message template not found")

NAME = re.compile(r"[a-z0-9_]{1,512}")
VARIABLE_NAME = re.compile(r"[a-z_]+")
VARIABLE_NUMBER = re.compile(r"[1-9][0-9]*")
ADJACENT_VARIABLES = re.compile(r"\}\}\s*\{\{")
FORMATTING = re.compile(r"[*_~`\n]")
WEB_ADDRESS = re.compile(r"https?://[^\s{}]+")
PHONE_NUMBER = re.compile(r"\+?[0-9]{5,20}")

CATEGORIES = ("MARKETING", "UTILITY")
PARAMETER_FORMATS = ("NAMED", "POSITIONAL")
TIME_TO_LIVE = {"UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000)}  # seconds
COMPONENT_KEYS = {
    "HEADER": {"type", "format", "text", "example"},
    "BODY": {"type", "text", "example"},
    "FOOTER": {"type", "text"},
    "BUTTONS": {"type", "buttons"},
}
BUTTON_KEYS = {
    "QUICK_REPLY": {"type", "text"},
    "URL": {"type", "text", "url", "example"},
    "PHONE_NUMBER": {"type", "text", "phone_number"},
    "COPY_CODE": {"type", "text", "example"},
}
MAX_BUTTONS = {"QUICK_REPLY": 10, "URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1}
MAX_BUTTONS_TOGETHER = 10
HEADER_LENGTH = 60
BODY_LENGTH = 1024
FOOTER_LENGTH = 60
LABEL_LENGTH = 25
URL_LENGTH = 2000
CODE_LENGTH = 15
# Meta does not publish the ratio; this one is known to pass.
WORDS_PER_VARIABLE = 3


def check_name(name: object) -> str:
    """Check a template's name: lower case letters, digits and underscores, at most 512."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise invalid_parameter("Param name must match the pattern ^[a-z0-9_]{1,512}$.")
    return name


def check_language(language: object) -> str:
    """Check that Meta has the language."""
    if not isinstance(language, str) or language not in LANGUAGES:
        raise invalid_parameter(f"Param language must be one of {{{', '.join(LANGUAGES)}}} - got '{language}'.")
    return language


def check_category(category: object) -> str:
    """Check a category, and return it in upper case; this server does not support authentication templates."""
    return _one_of("category", category, CATEGORIES)


def check_parameter_format(parameter_format: object) -> str:
    """Check whether variables have names or numbers, and return it in upper case."""
    return _one_of("parameter_format", parameter_format, PARAMETER_FORMATS)


def check_time_to_live(seconds: object, category: str) -> int | None:
    """Check a time to live in seconds; the limits depend on the category."""
    if seconds is None:
        return None
    shortest, longest = TIME_TO_LIVE[category]
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not shortest <= seconds <= longest:
        raise invalid_parameter(
            f"Param message_send_ttl_seconds must be an integer from {shortest} to {longest} for {category}."
        )
    return seconds


def check_components(
    components: object, *, named: bool, is_handle: Callable[[str], bool]
) -> tuple[dict[str, Any], ...]:
    """Check the components of a template, and return them with type and format in upper case.

    Args:
        components: The given value.
        named: Whether the variables have names.
        is_handle: Whether a text is the handle of a complete upload.

    Raises:
        GraphError: 100 with the subcode of the first broken rule.
    """
    if not isinstance(components, list) or not components:
        raise invalid_parameter("Param components must be a non-empty array.")
    checked = tuple(_component(component) for component in components)
    types = [component["type"] for component in checked]
    for kind in COMPONENT_KEYS:
        if types.count(kind) > 1:
            raise invalid_parameter(f"Param components must have at most one component of type {kind}.")
    if "BODY" not in types:
        raise FIELD_MISSING.broken("component of type BODY is missing")
    for component in checked:
        match component["type"]:
            case "HEADER":
                _check_header(component, named=named, is_handle=is_handle)
            case "BODY":
                _check_body(component, named=named)
            case "FOOTER":
                _check_footer(component)
            case "BUTTONS":
                _check_buttons(component)
    return checked


def rejection(body: str) -> str | None:
    """Why a review rejects a body that passed creation; None if it does not."""
    if ADJACENT_VARIABLES.search(body):
        return "Variables must not stand next to each other; put text between them."
    return None


def _one_of(param: str, value: object, allowed: Sequence[str]) -> str:
    if not isinstance(value, str) or value.upper() not in allowed:
        raise invalid_parameter(f"Param {param} must be one of {{{', '.join(allowed)}}} - got '{value}'.")
    return value.upper()


def _component(component: object) -> dict[str, Any]:
    if not isinstance(component, dict):
        raise invalid_parameter("Param components must be an array of objects.")
    kind = _one_of("components['type']", component.get("type"), tuple(COMPONENT_KEYS))
    check_keys(component, COMPONENT_KEYS[kind], f" on a component of type {kind}")
    upper: dict[str, Any] = {"type": kind} | (
        {"format": str(component["format"]).upper()} if "format" in component else {}
    )
    if kind == "BUTTONS":
        upper["buttons"] = [_button(button) for button in _objects(component.get("buttons"))]
    return {**component, **upper}


def _button(button: dict[str, Any]) -> dict[str, Any]:
    kind = _one_of("buttons['type']", button.get("type"), tuple(BUTTON_KEYS))
    check_keys(button, BUTTON_KEYS[kind], f" on a component of type {kind}")
    return {**button, "type": kind}


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise FIELD_MISSING.broken("component of type BUTTONS is missing expected field(s) (buttons)")
    return value


def _text(component: Mapping[str, Any], longest: int) -> str:
    kind, text = component["type"], component.get("text")
    if not isinstance(text, str) or not text.strip():
        raise FIELD_MISSING.broken(f"component of type {kind} is missing expected field(s) (text)")
    if len(text) > longest:
        raise TOO_LONG.broken(f"The {kind} text has {len(text)} characters; the limit is {longest}.")
    return text


def _check_header(header: Mapping[str, Any], *, named: bool, is_handle: Callable[[str], bool]) -> None:
    match header.get("format"):
        case "TEXT":
            text = _text(header, HEADER_LENGTH)
            found = _check_variables(text, named=named, rule=HEADER_FORMAT)
            if len(found) > 1:
                raise HEADER_FORMAT.broken("A header can have one variable only.")
            if FORMATTING.search(VARIABLE.sub("", text)) or has_emoji(text):
                raise HEADER_FORMAT.broken(
                    "Message headers can't have new lines, emojis or formatting characters (* _ ~ `)."
                )
            _check_examples(header, found, plain="header_text", nested=False, named=named)
        case "IMAGE":
            handles = _example(header).get("header_handle")
            if "text" in header:
                raise HEADER_FORMAT.broken("An IMAGE header has no text.")
            if not _is_texts(handles, 1):
                raise HEADER_SAMPLE.broken("component of type HEADER is missing expected field(s) (example)")
            if not is_handle(handles[0]):
                raise HEADER_SAMPLE.broken(
                    "header_handle must be the handle of a picture uploaded to this app, no URL."
                )
        case other:
            raise HEADER_FORMAT.broken(f"The header format must be TEXT or IMAGE - got '{other}'.")


def _check_body(body: Mapping[str, Any], *, named: bool) -> None:
    text = _text(body, BODY_LENGTH)
    found = _check_variables(text, named=named, rule=BODY_FORMAT)
    edges = text.strip(_EDGE_CHARACTERS)
    if edges.startswith("{{") or edges.endswith("}}"):
        raise VARIABLE_AT_EDGE.broken("Variables can't be at the start or end of the template.")
    words = sum(any(map(str.isalnum, word)) for word in VARIABLE.sub(" ", text).split())
    if found and words <= WORDS_PER_VARIABLE * len(found):
        raise TOO_MANY_VARIABLES.broken(
            "This template has too many variables for its length. "
            "Reduce the number of variables or increase the message length."
        )
    _check_examples(body, found, plain="body_text", nested=True, named=named)


def _check_footer(footer: Mapping[str, Any]) -> None:
    text = _text(footer, FOOTER_LENGTH)
    if "{{" in text or "}}" in text or "\n" in text:
        raise FOOTER_FORMAT.broken("Message footers can't have variables or new lines.")


def _check_buttons(component: Mapping[str, Any]) -> None:
    buttons: list[dict[str, Any]] = component["buttons"]
    if len(buttons) > MAX_BUTTONS_TOGETHER:
        raise BUTTONS_MIXED.broken(f"A template can have {MAX_BUTTONS_TOGETHER} buttons at most.")
    types = [button["type"] for button in buttons]
    for kind, most in MAX_BUTTONS.items():
        if types.count(kind) > most:
            raise BUTTONS_MIXED.broken(f"A template can have {most} buttons of type {kind} at most.")
    if sum(is_reply for is_reply, _ in groupby(kind == "QUICK_REPLY" for kind in types)) > 1:
        raise BUTTONS_MIXED.broken("Quick reply buttons must stand together, not between buttons of other types.")
    for button in buttons:
        _check_button(button)


def _check_button(button: Mapping[str, Any]) -> None:
    kind, label = button["type"], button.get("text")
    if kind != "COPY_CODE":
        if not isinstance(label, str) or not label.strip():
            raise FIELD_MISSING.broken("component of type BUTTONS is missing expected field(s) (text)")
        if len(label) > LABEL_LENGTH:
            raise TOO_LONG.broken(f"A button label has {len(label)} characters; the limit is {LABEL_LENGTH}.")
        if "{{" in label or FORMATTING.search(label) or has_emoji(label):
            raise BUTTON_FORMAT.broken("Buttons can't have any variables, newlines, emojis or formatting characters.")
    match kind:
        case "URL":
            _check_url(button)
        case "PHONE_NUMBER" if not PHONE_NUMBER.fullmatch(str(button.get("phone_number", ""))):
            raise invalid_parameter("Param buttons['phone_number'] is not a valid phone number.")
        case "COPY_CODE":
            code = button.get("example")
            if not isinstance(code, str) or not 0 < len(code) <= CODE_LENGTH:
                raise invalid_parameter(f"Param buttons['example'] must be a code of 1 to {CODE_LENGTH} characters.")


def _check_url(button: Mapping[str, Any]) -> None:
    url = button.get("url")
    if not isinstance(url, str) or not WEB_ADDRESS.fullmatch(url.removesuffix("{{1}}")):
        raise invalid_parameter(
            "Param buttons['url'] must be a web address with one variable {{1}} at its end at most."
        )
    if len(url) > URL_LENGTH:
        raise TOO_LONG.broken(f"A button URL has {len(url)} characters; the limit is {URL_LENGTH}.")
    if url.endswith("{{1}}") and not _is_texts(button.get("example"), 1):
        raise FIELD_MISSING.broken("component of type BUTTONS is missing expected field(s) (example)")


def _check_variables(text: str, *, named: bool, rule: Rule) -> tuple[str, ...]:
    pattern, form = (VARIABLE_NAME, "{{lower_case}}") if named else (VARIABLE_NUMBER, "{{1}}")
    all_found = VARIABLE.findall(text)
    rest = VARIABLE.sub("", text)
    if "{{" in rest or "}}" in rest or not all(pattern.fullmatch(name) for name in all_found):
        raise rule.broken(f"Variables must be written {form}, with matching braces and nothing else between them.")
    found = variables(text)
    if named and len(found) < len(all_found):
        raise rule.broken("Each named variable can be used once.")
    if not named and list(found) != [str(number + 1) for number in range(len(found))]:
        raise rule.broken("Variables must be numbered from {{1}} without gaps.")
    return found


def _check_examples(
    component: Mapping[str, Any], found: tuple[str, ...], *, plain: str, nested: bool, named: bool
) -> None:
    if not found:
        return
    example = _example(component)
    if named:
        given = example.get(f"{plain}_named_params")
        complete = isinstance(given, list) and {
            param["param_name"]
            for param in given
            if isinstance(param, dict) and _is_texts([param.get("param_name"), param.get("example")], 2)
        } == set(found)
    else:
        given = example.get(plain)
        if nested:
            given = given[0] if isinstance(given, list) and len(given) == 1 else None
        complete = _is_texts(given, len(found))
    if not complete:
        raise FIELD_MISSING.broken(f"component of type {component['type']} is missing expected field(s) (example)")


def _example(component: Mapping[str, Any]) -> Mapping[str, Any]:
    example = component.get("example")
    return example if isinstance(example, dict) else {}


def _is_texts(value: Any, length: int) -> TypeGuard[list[str]]:
    return (
        isinstance(value, list)
        and len(value) == length
        and all(isinstance(item, str) and item.strip() for item in value)
    )


def has_emoji(text: str) -> bool:
    """Whether a text has emoji: characters of Unicode's category "Symbol, other"."""
    return any(unicodedata.category(character) == "So" for character in text)


# Meta ignores white space and punctuation at the edge of a body.
_EDGE_CHARACTERS = " \t\n" + "".join(
    character
    for character in map(chr, range(0x21, 0x3000))
    if unicodedata.category(character).startswith("P") and character not in "{}"
)
