"""Every rule of the catalog, each broken once: the failure names the file, the rule and the fix."""

from __future__ import annotations

import re

import pytest

from whatsapp_provider.templates.catalog import CatalogError, load_catalog
from whatsapp_provider.templates.rules import RULES

Files = dict[str, str | bytes | None]

PLAIN_DEFINITION = """\
category = "UTILITY"
variables = ["partner_name", "run_id"]
[examples]
partner_name = "Rajesh"
run_id = "prun_01ABC"
"""
PLAIN = "Hi {{ partner_name }}, production run {{ run_id }} waits for your answer."


def plain(definition="", english=PLAIN, front="", *, change=("", ""), **files):
    """A template of one language, with something added to or changed in its definition or its front matter."""
    changed = definition + PLAIN_DEFINITION.replace(*change) if change[0] else definition + PLAIN_DEFINITION
    body = f"{{#\n{front}\n-#}}\n{english}" if front else english
    return {"template.toml": changed, "body.en.j2": body, "body.hi.j2": None, **files}


def said(folder):
    with pytest.raises(CatalogError) as error:
        load_catalog(folder)
    assert str(error.value).splitlines() == [str(failure) for failure in error.value.failures]
    return [str(failure) for failure in error.value.failures]


def test_the_template_that_the_tests_break_keeps_every_rule(write_template):
    assert load_catalog(write_template()).names == ("run_waits_v2",)


def test_the_plain_template_that_the_tests_break_keeps_every_rule(write_template):
    assert load_catalog(write_template(plain())).names == ("run_waits_v2",)


QUICK = '[[buttons]]\nkind = "quick_reply"\n'
URL = '[[buttons]]\nkind = "url"\npath = "/p/"\nvariable = "{}"\n'
PICTURE = '[header]\nformat = "IMAGE"\nexample = "header.png"\n'
NO_VARIABLES = 'category = "UTILITY"\nvariables = []\n'
T, EN = "run_waits_v2/template.toml", "run_waits_v2/body.en.j2"


def bare(buttons, front):
    """A template without variables in its body, for buttons and headers."""
    return {
        "template.toml": NO_VARIABLES + buttons,
        "body.en.j2": f"{{#\n{front}\n-#}}\nNothing to do.",
        "body.hi.j2": None,
    }


def phrases(counts, definition='[phrases]\nrun_id = ["waiting", "idle"]\n'):
    """A template whose second variable is a phrase."""
    return plain(change=("[examples]", f"{definition}[examples]"), front=f"[phrases]\n{counts}" if counts else "")


LANGUAGE_RULE = "every language uses exactly the variables of the definition, each once"
FOOTER_RULE = "a footer is a line of at most 60 characters without variables"
PHRASE_RULE = "every language has the definition's phrases, which tell any numbers and are variables"
BROKEN: dict[tuple[str, str], list[tuple[str, Files, str]]] = {
    (T, "the category is UTILITY or MARKETING"): [
        ("a category of another kind", plain(change=("UTILITY", "AUTHENTICATION")), 'change category "AUTHENTICATION"'),
    ],
    (T, "a UTILITY template lives 30 to 43200 seconds, a MARKETING one 43200 to 2592000"): [
        ("a time to live of a day", plain("ttl_seconds = 86400\n"), "change ttl_seconds = 86400"),
        ("a time to live of a moment", plain("ttl_seconds = 29\n"), "change ttl_seconds = 29"),
        (
            "an offer that ends within the hour",
            plain("ttl_seconds = 3600\n", change=("UTILITY", "MARKETING")),
            "change ttl_seconds = 3600",
        ),
    ],
    (T, "the variables of the body have different names, and so have those of header and buttons"): [
        ("a variable named twice", plain(change=('"run_id"]', '"run_id", "run_id"]')), 'rename one "run_id"'),
    ],
    ("run_waits_v2/body.hn.j2", "a language is one that Meta knows"): [
        (
            "a language that is none",
            {**plain(), "body.hn.j2": PLAIN.replace("Hi", "Namaste")},
            'rename the file, for "hn" is none of them',
        ),
    ],
    (T, "every template has English, which stands in for any other language"): [
        ("no English", {**plain(), "body.en.j2": None, "body.it.j2": PLAIN}, "add body.en.j2"),
    ],
    (EN, "a body has words, and within 1024 characters room for 60 in each variable"): [
        ("a body without words", plain(english="{{ partner_name }} {{ run_id }}"), "write the text"),
        ("a body without room for its values", plain(english=PLAIN + "x" * 900), "shorten the text"),
    ],
    (EN, LANGUAGE_RULE): [
        (
            "a variable that the definition lacks",
            plain(english=f"{PLAIN} It is {{{{ colour }}}} now."),
            f'add "colour" to the variables of {T} or remove {{{{ colour }}}}',
        ),
        (
            "a variable that the body lacks",
            plain(english="Hi {{ partner_name }}, a run waits for your answer."),
            "use {{ run_id }} once instead of 0 times",
        ),
        (
            "a variable used twice",
            plain(english=f"{PLAIN} I mean {{{{ run_id }}}} here."),
            "use {{ run_id }} once instead of 2 times",
        ),
    ],
    ("run_waits_v2/body.it.j2", LANGUAGE_RULE): [
        (
            "a language that disagrees with the others",
            {**plain(), "body.it.j2": "Ciao {{ partner_name }}, una produzione ti aspetta."},
            "use {{ run_id }} once instead of 0 times",
        ),
    ],
    (EN, "a body neither begins nor ends with a variable"): [
        (
            "a body that begins with a variable",
            plain(english="{{ partner_name }}, production run {{ run_id }} waits."),
            "put words before {{ partner_name }}",
        ),
        (
            "a body that ends with a variable",
            plain(english="Hi {{ partner_name }}, look at {{ run_id }}\n"),
            "put words after {{ run_id }}",
        ),
        (
            "a body with nothing but punctuation before a variable",
            plain(english="*{{ partner_name }}*, production run {{ run_id }} waits for your answer."),
            "put words before {{ partner_name }}",
        ),
        (
            "a body with nothing but a full stop after a variable",
            plain(english="Hi {{ partner_name }}, please open in the portal your run {{ run_id }}।"),
            "put words after {{ run_id }}",
        ),
    ],
    (EN, "a body has more than 3 words for each variable"): [
        (
            "as many variables as words allow, and one word too few",
            plain(english="Hi {{ partner_name }} , your run {{ run_id }} - waits for you."),
            "write more than its 6 words for 2 variables, or leave out a variable",
        ),
    ],
    (EN, "two variables do not stand side by side"): [
        (
            "two variables side by side",
            plain(english="Hi {{ partner_name }} {{ run_id }} waits."),
            "put words between {{ partner_name }} and {{ run_id }}",
        ),
    ],
    (EN, "braces only hold variables"): [
        ("a brace among the words", plain(english=f"{PLAIN} {{1}}."), "remove the braces"),
        ("a variable in a label", bare(QUICK, 'buttons = ["Open {{ run_id }}"]'), "remove the braces"),
    ],
    (EN, "every variable, and nothing else, has an example that could be sent"): [
        (
            "a variable without an example",
            plain(change=('run_id = "prun_01ABC"\n', "")),
            f'give an example of "run_id" here or in {T}',
        ),
        (
            "an empty example",
            plain(change=('"prun_01ABC"', '""')),
            'make the example of "run_id" a line without needless spaces',
        ),
        (
            "an example of two lines",
            plain(change=('"prun_01ABC"', '"prun\\n01ABC"')),
            'make the example of "run_id" a line without needless spaces',
        ),
        (
            "an example that is longer than a value may be",
            plain(change=('"prun_01ABC"', f'"{"x" * 61}"')),
            'shorten the example of "run_id" to 60 characters',
        ),
        (
            "an empty example for a button",
            bare(URL.format("a") + '[examples]\na = ""\n', 'buttons = ["Open"]'),
            'make the example of "a" a line without needless spaces',
        ),
        (
            "an example of nothing",
            plain(front='[examples]\nruin_id = "x"'),
            'remove the example of "ruin_id", which is no variable',
        ),
    ],
    (EN, "a text header has at most 60 plain characters and the definition's one variable"): [
        (
            "a header that the definition lacks",
            plain(front='header = "News"'),
            "remove header, for the definition has no text header",
        ),
        ("a header that the language lacks", plain('header.format = "TEXT"\n'), "give the header's text"),
        ("a header of spaces", plain('header.format = "TEXT"\n', front='header = "  "'), "give the header's text"),
        *(
            (
                f"a header with {what}",
                plain('header.format = "TEXT"\n', front=f'header = "{text}"'),
                "write the header in plain letters",
            )
            for what, text in (("emoji", "News 🧵"), ("formatting", "*News*"), ("two lines", "News\\nof today"))
        ),
        (
            "a header without room for Meta's placeholder",
            plain(
                'header.format = "TEXT"\nheader.variable = "colour"\n',
                front=f'header = "{"x" * 56}{{{{ colour }}}}"\n[examples]\ncolour = "red"',
            ),
            "shorten the header",
        ),
        (
            "a header with a variable too many",
            plain('header.format = "TEXT"\n', front='header = "Run {{ run_id }}"'),
            "use no variable in the header, once",
        ),
        (
            "a header that is too long",
            plain('header.format = "TEXT"\n', front=f'header = "{"x" * 61}"'),
            "shorten the header",
        ),
        (
            "a header that is too long with its example",
            plain(
                'header.format = "TEXT"\nheader.variable = "run_id"\n', front=f'header = "{"x" * 51}{{{{ run_id }}}}"'
            ),
            "shorten the header",
        ),
    ],
    (EN, FOOTER_RULE): [
        ("a footer with a variable", plain(front='footer = "Run {{ run_id }}"'), "remove the footer's variables"),
        ("a footer that is too long", plain(front=f'footer = "{"x" * 61}"'), "shorten the footer"),
        ("a footer that is too long with its spaces", plain(front=f'footer = "Bye{" " * 58}"'), "shorten the footer"),
        ("a footer of two lines", plain(front='footer = "Bye\\nand thanks"'), "write the footer on one line"),
        ("an empty footer", plain(front='footer = " "'), "write the footer"),
    ],
    ("run_waits_v2/body.it.j2", FOOTER_RULE): [
        (
            "a footer in one language only",
            {**plain(front='footer = "Bye"'), "body.it.j2": PLAIN.replace("Hi", "Ciao")},
            "give the footer, for other languages have one",
        ),
    ],
    (T, "there are at most 10 buttons, 2 of them URLs"): [
        ("eleven buttons", bare(QUICK * 11, f"buttons = {[f'Reply {n}' for n in range(11)]}"), "remove buttons"),
        (
            "three URL buttons",
            bare(
                "".join(URL.format(name) for name in "abc") + '[examples]\na = "1"\nb = "2"\nc = "3"\n',
                'buttons = ["A", "B", "C"]',
            ),
            "remove buttons",
        ),
    ],
    (T, "quick replies stand together"): [
        (
            "a URL between quick replies",
            bare(QUICK + URL.format("a") + QUICK + '[examples]\na = "1"\n', 'buttons = ["Yes", "Open", "No"]'),
            "put the quick replies together",
        ),
    ],
    (EN, "every button has a label of at most 25 plain characters"): [
        ("a label too few", bare(QUICK, ""), "give 1 labels in buttons instead of 0"),
        ("a label that is too long", bare(QUICK, f'buttons = ["{"x" * 26}"]'), f'change the length of "{"x" * 26}"'),
        (
            "a label that is too long with its spaces",
            bare(QUICK, f'buttons = ["Yes{" " * 23}"]'),
            f'change the length of "Yes{" " * 23}"',
        ),
        ("an empty label", bare(QUICK, 'buttons = [" "]'), 'change the length of " "'),
        *(
            (f"a label with {what}", bare(QUICK, f'buttons = ["{label}"]'), f'write "{label}" in plain letters')
            for what, label in (("emoji", "Open 🧵"), ("formatting", "*Open*"), ("a tab", "Open\trun"))
        ),
    ],
    (T, PHRASE_RULE): [
        (
            "a phrase that is no variable",
            phrases("", '[phrases]\ncolour = ["days"]\n'),
            'add "colour" to the variables, or remove the phrase',
        ),
    ],
    (EN, PHRASE_RULE): [
        ("a phrase that a language lacks", phrases(""), 'give the phrase "run_id"'),
        (
            "a phrase that tells nothing",
            phrases("run_id = 'some'", ""),
            f'remove the phrase "run_id", or state its numbers in {T}',
        ),
        (
            "a phrase of an unknown number",
            phrases("run_id = '{{ waiting }} and {{ quiet }}'"),
            "repair the phrase \"run_id\", for 'quiet' is undefined",
        ),
        (
            "a phrase that is not Jinja2",
            phrases("run_id = '{{ waiting }} and {% if %}'"),
            "repair the phrase \"run_id\", for Expected an expression, got 'end of statement block'",
        ),
        (
            "a phrase that says nothing of some numbers",
            phrases("run_id = '{% if waiting %}{{ waiting }}{% endif %}'"),
            "repair the phrase \"run_id\", for of {'waiting': 0, 'idle': 1} it says 0 characters, not 1 to 490",
        ),
        (
            "a phrase that grows with its numbers",
            phrases("run_id = '{% for one in range(waiting + idle) %}x{% endfor %}'"),
            "repair the phrase \"run_id\", for of {'waiting': 0, 'idle': 999} it says 999 characters, not 1 to 490",
        ),
    ],
    (T, "the example picture is a JPEG or PNG in RGB of at most 5 MB"): [
        ("no picture", bare(PICTURE, ""), "add the file header.png"),
        (
            "a picture that is none",
            {**bare(PICTURE, ""), "header.png": b"GIF89a"},
            "replace header.png, for it is neither a JPEG nor a PNG",
        ),
        (
            "a picture of more than 5 MB",
            {**bare(PICTURE, ""), "header.png": b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024)},
            "replace header.png, for it is larger than 5 MB",
        ),
    ],
}


@pytest.mark.parametrize(
    ("files", "failure"),
    [
        pytest.param(files, f"{file}: {rule}; {fix}.", id=name)
        for (file, rule), broken in BROKEN.items()
        for name, files, fix in broken
    ],
)
def test_a_broken_rule_is_named_with_its_file_and_fix(write_template, files, failure):
    assert failure in said(write_template(files))


def test_every_rule_has_a_test_that_breaks_it():
    named_elsewhere = {"a name has lower-case letters, digits and underscores, at most 512"}
    tested = {rule for _, rule in BROKEN}
    assert {rule.requirement for rule in RULES} == tested | named_elsewhere


@pytest.mark.parametrize("name", ["Run_Waits", "run-waits", "run waits"])
def test_a_folders_name_is_a_templates_name(write_template, name):
    assert said(write_template(name=name)) == [
        f"{name}/template.toml: a name has lower-case letters, digits and underscores, at most 512; rename the folder."
    ]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(plain(), id="word for word"),
        pytest.param(
            {name: text.replace("run_id", "run") for name, text in plain().items() if isinstance(text, str)}
            | {"body.hi.j2": None},
            id="but for the names of the variables, which Meta does not see",
        ),
        pytest.param(
            {
                **plain(english="Hi {{ partner_name }}, how is production run {{ run_id }} coming along?"),
                "body.it.j2": PLAIN,
            },
            id="in another language",
        ),
    ],
)
def test_two_templates_do_not_say_the_same(write_template, files):
    write_template(plain())
    (failure,) = said(write_template(files, name="run_waits_v3"))
    assert re.fullmatch(
        r"run_waits_v3/body\...\.j2: no two templates have the same body and footer;"
        r" write it in other words than run_waits_v2/body\.en\.j2\.",
        failure,
    )


TEXT_RULE = "a text has words and {{ name }} and nothing else"
FOLDER_RULE = "a template's folder holds template.toml, body.<language>.j2 and the header's example picture"
KEYS = "the keys are category, variables, phrases, ttl_seconds, header, buttons, examples"
UNREADABLE: list[tuple[str, Files, str]] = [
    ("no definition", {"template.toml": None}, f"{T}: every template has a definition; add the file."),
    ("a definition that is not TOML", {"template.toml": "category UTILITY"}, f"{T}: it is TOML; correct it: "),
    ("a key that is none", plain('colour = "red"\n'), f"{T}: {KEYS}; remove or rename colour."),
    ("a key that is missing", plain(change=('category = "UTILITY"\n', "")), f"{T}: category is stated; add it."),
    ("a name that is none", plain(change=('"run_id"', '"run-id"')), f"{T}: variables.1 string should match pattern"),
    (
        "a number as text",
        plain('ttl_seconds = "30"\n'),
        f"{T}: ttl_seconds input should be a valid integer; correct it.",
    ),
    ("a button that is none", plain() | bare('[[buttons]]\nkind = "phone"\n', ""), f"{T}: buttons.0 input tag 'phone'"),
    *(
        (f"the URL's path {path}", bare(URL.format("a").replace("/p/", path), ""), f"{T}: buttons.0.url.path string")
        for path in ("p", "/रन/", "/my run/", "/{run}/")
    ),
    (
        "a picture in another folder",
        bare(PICTURE.replace("header.png", "../../header.png"), ""),
        f"{T}: header.IMAGE.example string should match pattern",
    ),
    (
        "a comment with a key that is none",
        plain(front='colour = "red"'),
        f"{EN}: the keys are header, footer, buttons",
    ),
    (
        "a comment without an end",
        plain(english="{#\nHi"),
        f"{EN}: {TEXT_RULE}; repair the body, whose line 1 is not",
    ),
    (
        "a file that is not UTF-8",
        plain() | {"body.en.j2": b"\xff\xfe"},
        f"{EN}: a file is UTF-8 text; save it as UTF-8.",
    ),
    (
        "a file that does not belong",
        {**plain(), "body-it.j2": "Ciao"},
        f"run_waits_v2/body-it.j2: {FOLDER_RULE}; rename or",
    ),
    (
        "a filter",
        plain(english="Hi {{ partner_name|upper }}, hm."),
        f"{EN}: {TEXT_RULE}; repair the body, whose line 1 has",
    ),
    (
        "a condition",
        plain(english="Hi\n{% if x %}y{% endif %}"),
        f"{EN}: {TEXT_RULE}; repair the body, whose line 2 has",
    ),
    (
        "a brace left open",
        plain(english="Hi {{ partner_name"),
        f"{EN}: {TEXT_RULE}; repair the body, whose line 1 is not",
    ),
    ("Meta's own numbers", plain(english="Hi {{1}}, hm."), f"{EN}: {TEXT_RULE}; repair the body, whose line 1 has"),
    (
        "a filter in the footer",
        plain(front='footer = "{{ x|e }}"'),
        f"{EN}: {TEXT_RULE}; repair the footer, whose line 1",
    ),
]


@pytest.mark.parametrize(("files", "failure"), [pytest.param(*case[1:], id=case[0]) for case in UNREADABLE])
def test_a_file_that_cannot_be_read_is_named(write_template, files, failure):
    first = said(write_template(files))[0]
    assert first.startswith(failure)
    assert first.endswith(".")


def test_all_failures_of_all_templates_are_told_at_once(write_template):
    write_template(plain(change=("UTILITY", "OTHER")), name="a")
    write_template({"template.toml": None}, name="b")
    folder = write_template(plain(english="Nothing."), name="c")
    assert {re.match(r"\w", line).group() for line in said(folder)} == {"a", "b", "c"}


def test_an_empty_catalog_is_an_error(tmp_path):
    assert said(tmp_path) == [f"{tmp_path}: a catalog has a folder for each template; add one."]


def test_a_catalog_that_is_not_there_is_said_to_be_that(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")

    for folder in (tmp_path / "missing", tmp_path / "file"):
        assert said(folder) == [f"{folder}: there is no such folder; name a folder that is there."]


def test_files_beside_the_templates_are_left_alone(write_template):
    folder = write_template({".DS_Store": "x"})
    (folder / "README.md").write_text("The catalog.", encoding="utf-8")
    (folder / ".cache").mkdir()
    assert load_catalog(folder).names == ("run_waits_v2",)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(write_template):
    text = '{#\r\nfooter = "Bye"\r\n-#}\r\n' + PLAIN + "\r\n\r\nSee you.\r\n"
    (template,) = load_catalog(write_template(plain() | {"body.en.j2": b"\xef\xbb\xbf" + text.encode()}))
    assert template.text("en", {"partner_name": "R", "run_id": "r1"}) == (
        "Hi R, production run r1 waits for your answer.\n\nSee you."
    )
    assert template.translations["en"].footer == "Bye"
