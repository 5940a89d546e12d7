"""Where the shop keeps its designs' pictures, in every shape and in shops that lack a column."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.database.session import Session
from partner_messages.shop.shop import Shop
from sandbox.shop import partner_id as design_id


@pytest.mark.parametrize(
    ("design", "urls"),
    [
        ("KAMEEZ", ["https://cdn.partners.example/kameez.jpg"]),
        ("SAREE", ["https://cdn.partners.example/saree.png"]),
        ("SHAW", ["https://cdn.partners.example/shawl.jpg"]),
        ("DRAPE", ["https://cdn.partners.example/drape.jpg"]),
        ("SCARF", ["https://cdn.partners.example/scarf.png"]),
        ("TENT", []),
    ],
)
def test_the_pictures_of_a_design_are_found_in_whichever_column_they_are(
    source: Shop, design: str, urls: list[str]
) -> None:
    found = source.design_pictures([design_id(design)])

    assert list(found) == [design_id(design)]
    assert list(found[design_id(design)].urls) == urls


def test_a_design_that_is_deleted_or_absent_has_no_pictures(source: Shop) -> None:
    found = source.design_pictures([design_id(name) for name in ("ERASED", "ABSENT", "KAMEEZ")])

    assert set(found) == {design_id("KAMEEZ")}


@pytest.mark.parametrize("ids", [[], [""], [None]])
def test_an_id_that_is_none_finds_no_picture(source: Shop, changes: Session, ids: list[Any]) -> None:
    changes.execute("INSERT INTO design (id, name, thumbnail_url) VALUES ('', 'Unrelated', 'https://a.example/a.jpg')")

    assert source.design_pictures(ids) == {}


@pytest.mark.parametrize("column", ["thumbnail_url", "media_files", "moodboard", "design_files"])
def test_a_shop_that_lacks_a_column_has_the_pictures_of_the_others(source: Shop, changes: Session, column: str) -> None:
    urls = {
        name: f"https://a.example/{name}.jpg" for name in ("thumbnail_url", "media_files", "moodboard", "design_files")
    }
    changes.execute(
        "UPDATE design SET thumbnail_url = %s, media_files = to_jsonb(ARRAY[%s]), moodboard = to_jsonb(ARRAY[%s]),"
        " design_files = to_jsonb(ARRAY[%s]) WHERE id = %s",
        [*urls.values(), design_id("TENT")],
    )
    changes.execute(f"ALTER TABLE design DROP COLUMN {column}")

    found = source.design_pictures([design_id("TENT")])[design_id("TENT")]

    assert list(found.urls) == [url for name, url in urls.items() if name != column]


def test_a_list_that_a_shop_keeps_as_text_is_read_too(source: Shop, changes: Session) -> None:
    changes.execute("ALTER TABLE design ALTER COLUMN media_files TYPE text USING media_files::text")
    changes.execute(
        "UPDATE design SET media_files = %s WHERE id = %s", ['["https://a.example/a.jpg"]', design_id("TENT")]
    )
    changes.execute("UPDATE design SET media_files = '[{broken' WHERE id = %s", [design_id("KAMEEZ")])

    found = source.design_pictures([design_id("TENT"), design_id("KAMEEZ")])

    assert found[design_id("TENT")].urls == ("https://a.example/a.jpg",)
    assert found[design_id("KAMEEZ")].urls[0] == "https://cdn.partners.example/kameez.jpg"
