"""Which languages each account gets its templates in."""

from __future__ import annotations

import pytest

from partner_messages.config.paths import TEMPLATES
from support.examples import sender
from whatsapp_provider.templates.catalog import load_catalog
from whatsapp_provider.templates.language_policy import (
    Account,
    LanguagePolicyError,
    check_languages,
    language_policy,
)

INDIA = sender("in", platform_label="IN", waba_id="21", languages=("en", "hi"))
AUSTRALIA = sender("au", platform_label="AU", waba_id="22", languages=("en",))
EUROPE = sender("europe", platform_label="Europe", waba_id="23", languages=("en",))
SENDERS = (INDIA, AUSTRALIA, EUROPE)
IN, AU, EU = Account("IN", "21"), Account("AU", "22"), Account("Europe", "23")


@pytest.mark.parametrize(
    ("override", "languages"),
    [
        (None, {IN: ("en", "hi"), AU: ("en",), EU: ("en",)}),
        ("", {IN: ("en", "hi"), AU: ("en",), EU: ("en",)}),
        ("AU=en;IN=en,hi;Europe=en,it", {IN: ("en", "hi"), AU: ("en",), EU: ("en", "it")}),
        ("europe=it", {IN: ("en", "hi"), AU: ("en",), EU: ("it",)}),
        (" AU = en_GB , en ; ", {IN: ("en", "hi"), AU: ("en_GB", "en"), EU: ("en",)}),
        ("AU=EN-gb,en,en", {IN: ("en", "hi"), AU: ("en_GB", "en"), EU: ("en",)}),
    ],
)
def test_the_override_decides_for_those_it_names_and_the_sender_for_itself(override, languages):
    assert language_policy(SENDERS, override) == languages
    assert list(language_policy(SENDERS, override)) == [IN, AU, EU], "in the order of the setting"


def test_the_connections_own_name_is_a_label_too():
    southern = sender("sydney", platform_label="AU", waba_id="22", languages=("en",))
    assert language_policy([southern], "sydney=en,hi") == {AU: ("en", "hi")}


def test_senders_that_share_an_account_share_its_templates():
    second = sender("in2", platform_label="IN-2", waba_id="21", languages=("en", "gu"))
    assert language_policy([INDIA, AUSTRALIA, second]) == {Account("IN, IN-2", "21"): ("en", "hi", "gu"), AU: ("en",)}


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("IN", '"IN" is no label with its languages; write it as in "AU=en;IN=en,hi".'),
        ("IN=", '"IN=" is no label with its languages'),
        ("=en", '"=en" is no label with its languages'),
        ("IN=en,AU=hi", '"AU=hi" is no language that Meta has templates in'),
        ("IN=english", '"english" is no language that Meta has templates in; correct it.'),
        ("IN=xx", '"xx" is no language that Meta has templates in'),
        ("US=en", 'names "US", which is none of the senders\' labels (AU, Europe, IN).'),
        ("IN=en;in=hi", 'names "in" twice; leave one out.'),
    ],
)
def test_an_override_that_cannot_be_followed_is_an_error(override, sentence):
    with pytest.raises(LanguagePolicyError) as error:
        language_policy(SENDERS, override)
    assert str(error.value).startswith("WHATSAPP_PLATFORM_LANGUAGES")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_language_that_the_catalog_lacks_is_named_with_the_file_to_add():
    catalog = list(load_catalog(TEMPLATES))
    with pytest.raises(LanguagePolicyError) as error:
        check_languages(catalog, {IN: ("en", "hi"), AU: ("en", "it"), EU: ("it",)})
    lines = str(error.value).splitlines()
    assert len(lines) == len(catalog)
    name = "jyt_production_run_cancelled_v1"
    assert (
        f"{name} has no it, which AU and Europe must have: add include/templates/whatsapp/{name}/body.it.j2." in lines
    )


def test_a_catalog_that_has_every_language_is_fine(write_template):
    check_languages(load_catalog(write_template()), {IN: ("en", "hi"), AU: ("en",)})
