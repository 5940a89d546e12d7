"""Read the folder of a template: `template.toml` and a `body.<language>.j2` for each language.

A body file is Jinja2. It may begin with a comment that has, as TOML, the other texts of its language: `header`,
`footer`, `buttons` (labels), `phrases` and `examples`. Missing examples are taken from the definition.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from whatsapp_provider.templates.definition import (
    DEFINITION_FILE,
    Definition,
    Header,
    ImageHeader,
    QuickReply,
    TextHeader,
    Translation,
    UrlButton,
)
from whatsapp_provider.templates.render import TextError, parts
from whatsapp_provider.templates.rules import Failure

_BODY_FILE = re.compile(r"body\.(?P<language>[A-Za-z_]+)\.j2")
_COMMENT = re.compile(r"\{#-?(?P<toml>.*?)-?#\}", re.DOTALL)
_SHARED_FOLDER = "../"
"""The prefix of a picture that templates share: it is beside their folders."""

VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class UnreadableError(ValueError):
    """A template's files cannot be read.

    Attributes:
        failures: The failures.
    """

    def __init__(self, failures: list[Failure]) -> None:
        super().__init__("\n".join(map(str, failures)))
        self.failures = failures


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _TextHeader(_File):
    format: Literal["TEXT"]
    variable: VariableName | None = None


class _ImageHeader(_File):
    format: Literal["IMAGE"]
    example: Annotated[str, Field(pattern=r"^(\.\./)?[\w-]+\.\w+$")]


class _UrlButton(_File):
    kind: Literal["url"]
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9\-._~!$&'()*+,;=:@/?#%]*$")]
    variable: VariableName


class _QuickReply(_File):
    kind: Literal["quick_reply"]
    says: Literal["help", "later"] | None = None


class _DefinitionFile(_File):
    category: str
    variables: list[VariableName]
    phrases: dict[VariableName, list[VariableName]] = {}
    ttl_seconds: int | None = None
    header: Annotated[_TextHeader | _ImageHeader, Field(discriminator="format")] | None = None
    buttons: list[Annotated[_UrlButton | _QuickReply, Field(discriminator="kind")]] = []
    examples: dict[VariableName, str] = {}


class _BodyComment(_File):
    header: str | None = None
    footer: str | None = None
    buttons: list[str] = []
    phrases: dict[VariableName, str] = {}
    examples: dict[VariableName, str] = {}


def read_definition(folder: Path) -> Definition:
    """Read a template.

    Args:
        folder: Its folder, which has its name.

    Raises:
        UnreadableError: A file is missing or unknown, or has an unknown or invalid key.
    """
    name = f"{folder.name}/{DEFINITION_FILE}"
    path = folder / DEFINITION_FILE
    if not path.is_file():
        raise UnreadableError([Failure(name, "every template has a definition", "add the file")])
    stated = _parse(_DefinitionFile, name, _text(path, name))
    header = _header(stated, folder)
    expected = {path, header.example} if isinstance(header, ImageHeader) else {path}
    translations: dict[str, Translation] = {}
    failures: list[Failure] = []
    for file in sorted(folder.iterdir()):
        if file in expected or file.name.startswith("."):
            continue
        try:
            translation = _translation(file, stated.examples)
        except UnreadableError as error:
            failures += error.failures
        else:
            translations[translation.language] = translation
    if failures:
        raise UnreadableError(failures)
    return Definition(
        name=folder.name,
        category=stated.category,
        variables=tuple(stated.variables),
        phrases={variable: tuple(numbers) for variable, numbers in stated.phrases.items()},
        ttl_seconds=stated.ttl_seconds,
        header=header,
        buttons=tuple(
            UrlButton(button.path, button.variable) if isinstance(button, _UrlButton) else QuickReply(button.says)
            for button in stated.buttons
        ),
        translations=translations,
    )


def _header(stated: _DefinitionFile, folder: Path) -> Header | None:
    match stated.header:
        case _TextHeader(variable=variable):
            return TextHeader(variable)
        case _ImageHeader(example=example):
            home = folder.parent if example.startswith(_SHARED_FOLDER) else folder
            return ImageHeader(home / example.removeprefix(_SHARED_FOLDER))
    return None


def _translation(path: Path, common_examples: dict[str, str]) -> Translation:
    name = f"{path.parent.name}/{path.name}"
    match = _BODY_FILE.fullmatch(path.name)
    if match is None or not path.is_file():
        rule = f"a template's folder holds {DEFINITION_FILE}, body.<language>.j2 and the header's example picture"
        raise UnreadableError([Failure(name, rule, "rename or remove it")])
    text = _text(path, name).strip()
    comment = _COMMENT.match(text)
    body = text[comment.end() :].strip() if comment else text
    stated = _parse(_BodyComment, name, comment["toml"] if comment else "")
    for what, source in (("body", body), ("header", stated.header), ("footer", stated.footer)):
        try:
            parts(source or "")
        except TextError as error:
            rule = "a text has words and {{ name }} and nothing else"
            raise UnreadableError([Failure(name, rule, f"repair the {what}, whose {error}")]) from None
    return Translation(
        language=match["language"],
        file=name,
        body=body,
        header=stated.header,
        footer=stated.footer,
        buttons=tuple(stated.buttons),
        examples={**common_examples, **stated.examples},
        phrases=stated.phrases,
    )


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError([Failure(name, "a file is UTF-8 text", "save it as UTF-8")]) from None


_FileT = TypeVar("_FileT", bound=_File)


def _parse(kind: type[_FileT], name: str, text: str) -> _FileT:
    try:
        return kind.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UnreadableError([Failure(name, "it is TOML", f"correct it: {error}")]) from None
    except ValidationError as error:
        found = [_wrong_key(kind, name, problem) for problem in error.errors(include_url=False)]
        raise UnreadableError(found) from None


def _wrong_key(kind: type[_File], name: str, problem: Any) -> Failure:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return Failure(name, f"the keys are {', '.join(kind.model_fields)}", f"remove or rename {key}")
    if problem["type"] == "missing":
        return Failure(name, f"{key} is stated", "add it")
    message = problem["msg"]
    return Failure(name, f"{key} {message[:1].lower()}{message[1:]}", "correct it")
