"""Our rules against those of the local Graph API: whatever the catalog accepts, Meta's side accepts, and sends."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, find, given, settings
from hypothesis import strategies as st

from partner_messages.config.paths import TEMPLATES
from sandbox.graph_api.languages import LANGUAGES
from sandbox.graph_api.limits import Limits
from sandbox.graph_api.template_message import compose
from sandbox.graph_api.template_requests import FIELDS as META_FIELDS
from sandbox.graph_api.template_store import TemplateStatus, TemplateStore
from whatsapp_provider.meta_languages import META_LANGUAGES
from whatsapp_provider.templates.catalog import CatalogError, load_catalog
from whatsapp_provider.templates.language_policy import Account
from whatsapp_provider.templates.remote import FIELDS, remote_template
from whatsapp_provider.templates.submit_plan import Action, plan_submission

WABA, NOW, VERSION = "211000000000001", 1_800_000_000.0, 25
INDIA = Account("IN", WABA)
PORTAL = "https://partners.example"
PICTURE = (TEMPLATES / "block-print.png").read_bytes()

ODD = (
    *(".", "।", "…", "-", "*", "_", "~", "`", "(", "“", "—", "¿", "₹", "%", "#", "$", "'", '"', "\\", "/"),
    *("\n", "\n\n", "\t", "\u00a0", "\u2028", "\u200b", "  ", "🧵", "👍🏽", "☎", "©", "न\u093c", "\U0001f600"),
    *("https://a.example", "*bold*"),
)
BRACES = ("{", "}", "}}", "{1}", "{% raw %}{{1}}{% endraw %}", "{% raw %}x{% endraw %}", "{# no #}")
NAMES = ("partner_name", "self", "run_id", "x1", "loop")
BUTTONS = ("", "u", "q", "uq", "qu", "uu", "qqq", "uqq", "q" * 10, "quq", "uuu", "q" * 11)
WORDS = {"en": "please look at your", "hi": "कृपया अपना काम देखें", "it": "per favore guarda la"}


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def quoted_list(items):
    return f"[{', '.join(map(quoted, items))}]"


@st.composite
def template_files(draw):
    """The files of one template that keeps every rule, but for up to three oddities in its texts."""
    names = NAMES[: draw(st.integers(0, 4))]
    languages = draw(st.sampled_from((["en"], ["en", "hi"], ["en", "hi", "it"])))
    category, seconds = draw(
        st.sampled_from((("UTILITY", None), ("UTILITY", 43_200), ("UTILITY", 29), ("MARKETING", 86_400)))
    )
    header = draw(st.sampled_from((None, "TEXT", "TEXT with a variable", "IMAGE")))
    buttons = draw(st.sampled_from(BUTTONS))
    has_footer = draw(st.booleans())

    texts = {}
    for language in languages:
        words = WORDS[language].split()
        texts[language, "body"] = [piece for name in names for piece in (*words[:3], placeholder(name))]
        texts[language, "body"] += (2 * words)[: draw(st.integers(1, 8))]
        if header in ("TEXT", "TEXT with a variable"):
            texts[language, "header"] = [words[0], *([placeholder("title")] if header != "TEXT" else [])]
        if has_footer:
            texts[language, "footer"] = words[:2]
        for number in range(len(buttons)):
            texts[language, f"button {number}"] = [words[number % 4], str(number)]
    bodies = [(language, "body") for language in languages]
    for _ in range(draw(st.sampled_from((0, 1, 1, 2, 3)))):
        make_odd(draw, texts[draw(st.sampled_from(bodies) | st.sampled_from(sorted(texts)))])
    title = draw(st.sampled_from(("a", "Block Print Kurta", " ")))
    definition = written_definition(names, category, seconds, header, buttons, title)
    files = {f"body.{language}.j2": written_body(texts, language, len(buttons)) for language in languages}
    return {"template.toml": definition, **files}


def placeholder(name):
    return f"{{{{ {name} }}}}"


def make_odd(draw, pieces):
    """Put something odd or long into a text, or take something out of it."""
    place = draw(st.integers(0, len(pieces)))
    match draw(st.sampled_from(("odd", "odd", "brace", "placeholder", "long", "longer", "less", "less", "less"))):
        case "odd":
            pieces.insert(place, draw(st.sampled_from(ODD)))
        case "brace":
            pieces.insert(place, draw(st.sampled_from(BRACES)))
        case "placeholder":
            pieces.insert(place, placeholder(draw(st.sampled_from(NAMES))))
        case "long":
            pieces.insert(place, draw(st.integers(1, 60)) * "x")
        case "longer":
            pieces.insert(place, draw(st.integers(700, 1024)) * "x")
        case "less":
            # Down to the placeholder before it, or the beginning.
            kept = max((number for number in range(place) if pieces[number].startswith("{{")), default=-1) + 1
            del pieces[draw(st.just(kept) | st.integers(kept, place)) : place]


def written_definition(names, category, seconds, header, buttons, title):
    lines = [f"category = {quoted(category)}", f"variables = {quoted_list(names)}"]
    lines += [f"ttl_seconds = {seconds}"] if seconds is not None else []
    examples = dict.fromkeys(names, "example")
    match header:
        case "IMAGE":
            lines += ["[header]", 'format = "IMAGE"', 'example = "../picture.png"']
        case "TEXT":
            lines += ["[header]", 'format = "TEXT"']
        case "TEXT with a variable":
            lines += ["[header]", 'format = "TEXT"', 'variable = "title"']
            examples["title"] = title
    for number, kind in enumerate(buttons):
        lines += ["[[buttons]]", f'kind = "{"url" if kind == "u" else "quick_reply"}"']
        if kind == "u":
            lines += [f'path = "/p{number}/"', f'variable = "link_{number}"']
            examples[f"link_{number}"] = "x"
    return "\n".join([*lines, "[examples]", *(f"{name} = {quoted(example)}" for name, example in examples.items())])


def written_body(texts, language, buttons):
    written = {what: " ".join(pieces) for (of, what), pieces in texts.items() if of == language}
    labels = [written[f"button {number}"] for number in range(buttons)]
    lines = [f"{what} = {quoted(written[what])}" for what in ("header", "footer") if what in written]
    lines += [f"buttons = {quoted_list(labels)}"] if labels else []
    return "\n".join(["{#", *lines, "-#}", written["body"]])


def accepted(files):
    """The template, if the catalog accepts it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "run_waits_v1"
        home.mkdir()
        (home.parent / "picture.png").write_bytes(PICTURE)
        for name, text in files.items():
            (home / name).write_text(text, encoding="utf-8")
        try:
            (template,) = load_catalog(Path(folder))
        except CatalogError:
            return None
        return template


def create(store, template, language):
    request = template.create_request(language, portal_url=PORTAL, header_handle="4::aW1h")
    return store.create(WABA, request, NOW, is_handle=lambda handle: handle == "4::aW1h")


def listed(store):
    """What the account has, as a list request would give it back."""
    rows = [{name: META_FIELDS[name](one) for name in FIELDS} for one in store.of_account(WABA, NOW)]
    return [remote_template(json.loads(json.dumps(row))) for row in rows]


anything = settings(
    max_examples=40, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None
)


@anything
@given(template_files())
def test_whatever_the_catalog_accepts_the_local_graph_api_accepts(files):
    template = accepted(files)
    assume(template is not None)
    store = TemplateStore(Limits(), approval_delay=0.0)
    for language in template.languages:
        assert create(store, template, language).status is TemplateStatus.APPROVED


@anything
@given(files=template_files(), value=st.text(max_size=80), link=st.text(min_size=1, max_size=80))
def test_whatever_is_sent_has_the_parameters_that_were_approved(files, value, link):
    template = accepted(files)
    assume(template is not None)
    assume(link.encode("utf-8", "replace").decode() == link)
    store = TemplateStore(Limits(), approval_delay=0.0)
    values = dict.fromkeys(template.variables + template.other_variables, value)
    values |= {name: link for name in values if name.startswith("link_")}
    for language in template.languages:
        approved = create(store, template, language)
        components = template.send_components(values, image_link="https://cdn.example/saree.jpg")

        taken = compose(approved, components, VERSION)

        assert sum(map(len, taken.parameters.values())) == template.parameter_count
        assert taken.text == template.text(language, values)
    assert {one.parameter_count for one in listed(store)} == {template.parameter_count}


@anything
@given(template_files())
def test_what_was_created_is_planned_no_more(files):
    template = accepted(files)
    assume(template is not None)
    store = TemplateStore(Limits(), approval_delay=0.0)
    languages = {INDIA: template.languages}

    first = plan_submission([template], {INDIA: listed(store)}, languages, portal_url=PORTAL)
    for row in first:
        assert row.action is Action.CREATE
        create(store, template, row.language)
    second = plan_submission([template], {INDIA: listed(store)}, languages, portal_url=PORTAL)

    assert [(row.action, row.warning) for row in second] == [(Action.SAME, "")] * len(first)


@pytest.mark.slow
@pytest.mark.parametrize("header", ['format = "TEXT"\nvariable', 'format = "IMAGE"'])
def test_the_properties_are_not_about_nothing(header):
    """Among the generated templates that the catalog accepts are some with all that a template can have."""

    def is_rich(files):
        definition = files["template.toml"]
        rich = header in definition and '"url"' in definition and "footer" in files["body.en.j2"] and len(files) > 2
        return rich and "variables = []" not in definition and accepted(files) is not None

    assert find(template_files(), is_rich, settings=settings(anything, max_examples=5_000, database=None))


def test_every_language_of_ours_is_one_of_metas():
    assert LANGUAGES.keys() >= META_LANGUAGES
