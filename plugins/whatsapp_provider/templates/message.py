"""One message that uses a template: by the names of its parameters, checked against what Meta has (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from whatsapp_provider.masking import mask_phone
from whatsapp_provider.templates.catalog import Template
from whatsapp_provider.templates.cleaning import shown
from whatsapp_provider.templates.definition import ImageHeader, TemplateError, TextHeader, UrlButton
from whatsapp_provider.templates.meta_form import url_suffix
from whatsapp_provider.templates.remote import RemoteTemplate, Standing, buttons_of, parameters_in_words, text_of
from whatsapp_provider.web_address import is_web_address

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_VARIABLE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_LONGEST_PAYLOAD = 128
_LONGEST_TRACKING = 512
_QUICK_REPLY, _URL = "QUICK_REPLY", "URL"


@dataclass(frozen=True)
class ButtonPlace:
    """A button.

    Attributes:
        label: Its text.
        kind: Meta's type, such as `URL` or `QUICK_REPLY`.
        takes_value: Whether a message must say how its URL ends.
    """

    label: str
    kind: str
    takes_value: bool = False


@dataclass(frozen=True)
class Shape:
    """What a message must give to a template.

    Attributes:
        header: Meta's format of the header, such as `TEXT` or `IMAGE`; empty without one.
        header_variable: The name of the text header's variable.
        variables: The names of the body's variables, in Meta's order.
        named: Whether Meta knows them by these names, and not by numbers.
        buttons: The buttons.
    """

    header: str = ""
    header_variable: str | None = None
    variables: tuple[str, ...] = ()
    named: bool = False
    buttons: tuple[ButtonPlace, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all texts."""
        return tuple(filter(None, (self.header_variable, *self.variables)))


HEADER = "header"
"""The name of a numbered template's header variable, which Meta numbers separately."""


def shape_of(remote: RemoteTemplate) -> Shape:
    """The shape by Meta's description; numbered variables are called `1`, `2`, …, and the header's `header`."""
    header, header_variable, variables, buttons = "", None, (), []
    for component in remote.components:
        found = tuple(dict.fromkeys(_VARIABLE.findall(text_of(component, "text"))))
        match text_of(component, "type").upper():
            case "HEADER":
                header = text_of(component, "format").upper()
                header_variable = (found[0] if remote.named else HEADER) if found else None
            case "BODY":
                variables = found if remote.named else tuple(sorted(found, key=_number))
            case "BUTTONS":
                buttons = [
                    ButtonPlace(
                        text_of(one, "text"), text_of(one, "type").upper(), bool(_VARIABLE.search(text_of(one, "url")))
                    )
                    for one in buttons_of(component)
                ]
    return Shape(header, header_variable, variables, remote.named, tuple(buttons))


def _number(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (0, name)


def shape_in_catalog(template: Template, language: str) -> Shape:
    """The shape of a template of a catalog, whose variables have names; at Meta they are numbers.

    Raises:
        TemplateError: It has no such language.
    """
    if language not in template.translations:
        raise TemplateError(f"Template {template.name} has no {language}, only {', '.join(template.languages)}.")
    labels = template.translations[language].buttons
    header = template.header
    return Shape(
        {ImageHeader: "IMAGE", TextHeader: "TEXT"}.get(type(header), ""),
        header.variable if isinstance(header, TextHeader) else None,
        template.variables,
        buttons=tuple(
            ButtonPlace(label, _URL, takes_value=True)
            if isinstance(button, UrlButton)
            else ButtonPlace(label, _QUICK_REPLY)
            for button, label in zip(template.buttons, labels, strict=True)
        ),
    )


@dataclass(frozen=True)
class TemplateMessage:
    """A message that uses a template.

    Attributes:
        to: The recipient, E.164.
        template: The template's name.
        language: Meta's code of its language.
        parameters: The texts of body and header, by name.
        picture: The https URL of the picture above the body.
        buttons: By a button's label or its place from 0: how its URL ends, or what a tap on it sends back.
        tracking_id: What Meta gives back with every status of the message.
        of_catalog: The template in a catalog, whose names the parameters have; by default the names are Meta's.
    """

    to: str = field(repr=False)
    template: str
    language: str = "en"
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    picture: str | None = field(default=None, repr=False)
    buttons: Mapping[str, str] = field(default_factory=dict, repr=False)
    tracking_id: str = ""
    of_catalog: Template | None = None

    def payload(self, there: RemoteTemplate | None, languages: Collection[str] = ()) -> dict[str, Any]:
        """The body of `POST /{phone_number_id}/messages`.

        Args:
            there: The template as Meta has it; None if Meta has none of this name and language.
            languages: In which Meta has it.

        Raises:
            TemplateError: Meta would refuse it; the sentence names what to change.
        """
        shape = self._checked_shape(there, languages)
        if not _E164.fullmatch(self.to):
            raise TemplateError(
                f"{self._what}: to must be a number in E.164, such as +919812345678, not {mask_phone(self.to)}."
            )
        if len(self.tracking_id) > _LONGEST_TRACKING:
            raise TemplateError(f"{self._what}: tracking_id may have {_LONGEST_TRACKING} characters.")
        components = [*self._header(shape), *self._body(shape), *self._buttons(shape)]
        return {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": self.to,
            **({"biz_opaque_callback_data": self.tracking_id} if self.tracking_id else {}),
            "type": "template",
            "template": {
                "name": self.template,
                "language": {"policy": "deterministic", "code": self.language},
                **({"components": components} if components else {}),
            },
        }

    @property
    def _what(self) -> str:
        return f"Template {self.template} ({self.language})"

    def _checked_shape(self, there: RemoteTemplate | None, languages: Collection[str]) -> Shape:
        if there is None and languages:
            raise TemplateError(
                f"{self._what} is not on the account, which has it in {', '.join(languages)}; name one of these as the"
                " language, or submit it in this one."
            )
        if there is None:
            raise TemplateError(f"{self._what} is not on the account; submit it, or name another one.")
        if there.standing is not Standing.APPROVED:
            because = f" ({there.reason})" if there.reason else ""
            raise TemplateError(
                f"{self._what} is {there.status}{because} and cannot be sent; only an approved one can."
            )
        if self.of_catalog is None:
            return shape_of(there)
        shape = shape_in_catalog(self.of_catalog, self.language)
        if there.named or there.parameter_count != self.of_catalog.parameter_count:
            raise TemplateError(
                f"{self._what} has {parameters_in_words(there.parameter_count or 0)} at Meta and"
                f" {self.of_catalog.parameter_count} in the catalog; submit the catalog's version first."
            )
        return shape

    def _text(self, name: str, shape: Shape) -> dict[str, str]:
        text = shown(self.parameters[name])
        if not text:
            raise TemplateError(f'{self._what}: the parameter "{name}" has nothing in it that can be seen.')
        return {"type": "text", **({"parameter_name": name} if shape.named else {}), "text": text}

    def _check_names(self, shape: Shape) -> None:
        has = ", ".join(shape.names) or "none"
        if self.of_catalog is None and not shape.named and not self.parameters.keys() <= {*shape.names}:
            has += "; to use the names of its files, give catalog, the folder that has them"
        for name in shape.names:
            if name not in self.parameters:
                raise TemplateError(f'{self._what} needs the parameter "{name}"; its parameters are: {has}.')
        for name in self.parameters:
            if name not in shape.names:
                raise TemplateError(f'{self._what} has no parameter "{name}"; its parameters are: {has}.')

    def _header(self, shape: Shape) -> Iterator[dict[str, Any]]:
        self._check_names(shape)
        if shape.header == "IMAGE":
            if not self.picture or not is_web_address(self.picture):
                raise TemplateError(f"{self._what} has a picture above its text: picture must be an https URL.")
            yield {"type": "header", "parameters": [{"type": "image", "image": {"link": self.picture}}]}
        elif self.picture:
            raise TemplateError(f"{self._what} has no place for a picture; leave picture out.")
        elif shape.header not in ("", "TEXT"):
            raise TemplateError(f"{self._what} has a header of the format {shape.header}, which is not sent from here.")
        elif shape.header_variable:
            yield {"type": "header", "parameters": [self._text(shape.header_variable, shape)]}

    def _body(self, shape: Shape) -> Iterator[dict[str, Any]]:
        if shape.variables:
            yield {"type": "body", "parameters": [self._text(name, shape) for name in shape.variables]}

    def _buttons(self, shape: Shape) -> Iterator[dict[str, Any]]:
        given = dict(self.buttons)
        for index, button in enumerate(shape.buttons):
            value = given.pop(button.label, None) or given.pop(str(index), None)
            if button.kind == _URL and button.takes_value:
                if not value:
                    raise TemplateError(f'{self._what}: buttons must say how the URL of "{button.label}" ends.')
                yield _button("url", index, {"type": "text", "text": url_suffix(value)})
            elif value and button.kind == _QUICK_REPLY:
                if len(value) > _LONGEST_PAYLOAD:
                    raise TemplateError(
                        f'{self._what}: what a tap on "{button.label}" sends may have {_LONGEST_PAYLOAD} characters.'
                    )
                yield _button("quick_reply", index, {"type": "payload", "payload": value})
            elif value:
                raise TemplateError(f'{self._what}: the button "{button.label}" takes no value.')
        for name in given:
            labels = ", ".join(button.label for button in shape.buttons) or "none"
            raise TemplateError(f'{self._what} has no button "{name}"; its buttons are: {labels}.')


def _button(kind: str, index: int, parameter: Mapping[str, str]) -> dict[str, Any]:
    return {"type": "button", "sub_type": kind, "index": str(index), "parameters": [dict(parameter)]}
