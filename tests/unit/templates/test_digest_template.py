"""What a digest says of how many runs, in every language: numbers have a plural, and what is not there is not said."""

from __future__ import annotations

from itertools import product

import pytest

from partner_messages.templates.approvals.gate import why_not_sendable
from partner_messages.templates.catalog.installed import installed_catalog
from whatsapp_provider.templates.definition import TemplateError
from whatsapp_provider.templates.phrases import PhraseError, say

KINDS = ("assignment_pending", "not_started", "idle")


@pytest.fixture
def digest():
    return installed_catalog().get("jyt_production_run_digest_v1")


def numbers(*counts, days=1):
    return {**dict(zip(KINDS, counts, strict=True)), "days": days}


@pytest.mark.parametrize(
    ("counts", "english", "hindi"),
    [
        (
            (3, 1, 1),
            "3 runs await your answer, 1 is not started, 1 is quiet",
            "3 रन पर आपका जवाब बाकी है, 1 शुरू नहीं हुआ है, 1 बिना अपडेट के है",
        ),
        (
            (1, 3, 2),
            "1 run awaits your answer, 3 are not started, 2 are quiet",
            "1 रन पर आपका जवाब बाकी है, 3 शुरू नहीं हुए हैं, 2 बिना अपडेट के हैं",
        ),
        ((2, 0, 0), "2 runs await your answer", "2 रन पर आपका जवाब बाकी है"),
        ((1, 0, 0), "1 run awaits your answer", "1 रन पर आपका जवाब बाकी है"),
        ((0, 2, 0), "2 runs are not started", "2 रन शुरू नहीं हुए हैं"),
        ((0, 1, 0), "1 run is not started", "1 रन शुरू नहीं हुआ है"),
        ((0, 0, 2), "2 runs are quiet", "2 रन बिना अपडेट के हैं"),
        ((0, 0, 1), "1 run is quiet", "1 रन बिना अपडेट के है"),
        ((0, 1, 1), "1 run is not started, 1 is quiet", "1 रन शुरू नहीं हुआ है, 1 बिना अपडेट के है"),
        (
            (1, 0, 12),
            "1 run awaits your answer, 12 are quiet",
            "1 रन पर आपका जवाब बाकी है, 12 बिना अपडेट के हैं",
        ),
    ],
)
def test_the_counts_are_said_with_the_right_plurals(digest, counts, english, hindi):
    assert digest.in_words("en", numbers(*counts))["counts"] == english
    assert digest.in_words("hi", numbers(*counts))["counts"] == hindi


@pytest.mark.parametrize(("days", "english", "hindi"), [(1, "1 day", "1 दिन"), (2, "2 days", "2 दिन")])
def test_the_oldest_run_waits_a_day_or_several_days(digest, days, english, hindi):
    assert digest.in_words("en", numbers(1, 1, 0, days=days))["waiting"] == english
    assert digest.in_words("hi", numbers(1, 1, 0, days=days))["waiting"] == hindi


def test_the_whole_text_is_one_that_a_partner_reads_at_once(digest):
    names = {"partner_name": "Rajesh", "design_name": "Kurta", "run_id": "prod_run_1"}

    assert digest.text("en", {**names, **digest.in_words("en", numbers(3, 1, 1, days=5))}) == (
        "Hello Rajesh, this is how your production work stands: 3 runs await your answer, 1 is not started, 1 is quiet."
        "\n\n*Waiting longest:* Kurta, run prod_run_1, for 5 days\n\n"
        "Please open the portal and bring each run up to date: accept or decline it, start it, or enter how many pieces"
        " are ready. If something holds you up, reply here and the team will help."
    )
    assert digest.text("hi", {**names, **digest.in_words("hi", numbers(0, 1, 0, days=5))}).startswith(
        "नमस्ते Rajesh, आपके प्रोडक्शन के काम की स्थिति यह है: 1 रन शुरू नहीं हुआ है।"
        "\n\n*सबसे लंबे समय से रुका हुआ:* Kurta, रन prod_run_1, 5 दिन से\n\n"
    )


@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_count_but_none_is_one_clean_value_that_is_never_cut(digest, language):
    names = {"partner_name": "R", "design_name": "D", "run_id": "R1"}
    for counts in product((0, 1, 2, 11, 9999), repeat=3):
        if any(counts):
            words = digest.in_words(language, numbers(*counts, days=9999))
            assert all(str(count) in words["counts"] for count in counts if count)
            assert words["counts"].count(",") == sum(map(bool, counts)) - 1
            assert digest.clean({**names, **words}) == {**names, **words}


def test_the_examples_are_what_the_phrases_say(digest):
    assert digest.translations["en"].examples["counts"] == digest.in_words("en", numbers(3, 1, 1))["counts"]
    assert digest.translations["hi"].examples["counts"] == digest.in_words("hi", numbers(3, 1, 0))["counts"]
    for language in ("en", "hi"):
        assert (
            digest.translations[language].examples["waiting"]
            == (digest.in_words(language, numbers(3, 1, 1, days=5))["waiting"])
        )


def test_it_has_no_picture_so_it_is_the_same_for_both_families(digest):
    assert digest.picture is None
    assert digest.link_variables == ("run_link",)


def test_a_number_that_is_missing_is_named(digest):
    with pytest.raises(TemplateError, match='has no number "days" for its phrases'):
        digest.in_words("en", dict.fromkeys(KINDS, 1))


def test_a_template_without_phrases_says_nothing_in_words():
    pending = installed_catalog().get("jyt_production_run_reminder_pending_v1")
    assert pending.in_words("en", {}) == {}


def test_what_was_never_submitted_cannot_be_sent(digest):
    assert why_not_sendable(digest, "hi", None, allow_marketing=False) == "not submitted"


@pytest.mark.parametrize("source", ["{{ 1 / 0 }}", "{{ missing }}", "{% for %}", "{{ 'a' + 1 }}"])
def test_a_phrase_that_cannot_be_said_is_an_error_of_its_own(source):
    with pytest.raises(PhraseError):
        say(source, {})
