"""Review, lists, edits and deletion of templates."""

from __future__ import annotations

import httpx
import pytest

from sandbox.graph_api.server import running
from support.picture_files import png

DAY = 86_400
IDLE = "jyt_production_run_reminder_idle_v1"


def subcode(answer):
    error = answer.json()["error"]
    assert error["code"] == 100
    return error.get("error_subcode")


@pytest.fixture
def read(graph, india):
    """Reads a page of the Indian account's templates."""

    def ask(**query):
        answer = graph.get(f"/{india.waba_id}/message_templates", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def edit(graph):
    def ask(template_id, body=None, **changes):
        components = {} if body is None else {"components": [{"type": "BODY", "text": body}]}
        return graph.post(f"/{template_id}", json=components | changes)

    return ask


def test_review_takes_the_approval_delay():
    with running(approval_delay=60, templates=False) as api, httpx.Client(base_url=f"{api.url}/v25.0") as client:
        account = api.accounts["IN"]
        client.headers["authorization"] = f"Bearer {account.token}"
        api.freeze_clock()
        body = {"type": "BODY", "text": "Your order is ready."}
        definition = {"name": "order", "language": "en", "category": "UTILITY", "components": [body]}
        created = client.post(f"/{account.waba_id}/message_templates", json=definition).json()
        assert created["status"] == "PENDING"
        seen = []
        for seconds in (59, 1):
            api.shift_clock(seconds)
            seen.append(client.get(f"/{created['id']}", params={"fields": "status"}).json()["status"])
        assert seen == ["PENDING", "APPROVED"]
        assert [template["name"] for template in api.templates()] == ["order"]


def test_a_review_can_end_in_rejection_to_order(api, create, graph):
    api.review_next("REJECTED", reason="PROMOTIONAL", name="order_ready", language="hi")
    assert create().json()["status"] == "APPROVED"
    rejected = create(language="hi").json()
    assert rejected["status"] == "REJECTED"
    read = graph.get(f"/{rejected['id']}", params={"fields": "status,rejected_reason"}).json()
    assert read == {"id": rejected["id"], "status": "REJECTED", "rejected_reason": "PROMOTIONAL"}


def test_a_template_can_come_back_as_marketing(api, create, graph):
    api.review_next(category="MARKETING")
    created = create().json()
    assert (created["status"], created["category"]) == ("APPROVED", "MARKETING")
    read = graph.get(f"/{created['id']}", params={"fields": "category,previous_category"}).json()
    assert (read["category"], read["previous_category"]) == ("MARKETING", "UTILITY")


def test_an_order_for_a_review_holds_for_one_account(api, create):
    api.review_next("REJECTED", waba_id=api.accounts["AU"].waba_id)
    assert create().json()["status"] == "APPROVED"


def test_recategorising_holds_for_all_languages_of_a_name(api, india):
    api.change_template(india.waba_id, IDLE, "en", category="MARKETING")
    found = {template["language"]: template for template in api.templates(india.waba_id) if template["name"] == IDLE}
    assert {(found[code]["category"], found[code]["status"]) for code in ("en", "hi")} == {("MARKETING", "APPROVED")}


def test_a_list_comes_in_pages_until_there_is_no_next(read):
    pages = [read(limit=4)]
    while "next" in pages[-1]["paging"]:
        pages.append(read(limit=4, after=pages[-1]["paging"]["cursors"]["after"]))
    assert [len(page["data"]) for page in pages] == [4, 2]
    ids = [template["id"] for page in pages for template in page["data"]]
    assert ids == sorted(set(ids))
    assert set(pages[-1]["paging"]["cursors"]) == {"before", "after"}


def test_a_page_that_is_just_full_has_no_next(read):
    page = read(limit=6)
    assert len(page["data"]) == 6
    assert "next" not in page["paging"]


def test_the_address_of_the_next_page_works_by_itself_as_it_holds_the_token(read, graph, india):
    first = read(limit=4, status="APPROVED", fields="name")
    address = first["paging"]["next"]
    assert httpx.URL(address).params["access_token"] == india.token
    second = graph.get(address, headers={"authorization": ""}).json()
    assert len(second["data"]) == 2
    assert set(second["data"][0]) == {"name", "id"}
    assert graph.get(second["paging"]["previous"]).json()["data"] == first["data"]


def test_a_list_can_be_narrowed(api, india, read):
    api.change_template(india.waba_id, IDLE, "hi", status="PAUSED", quality="RED")
    assert len(read()["data"]) == 6
    assert len(read(language="hi")["data"]) == 3
    assert [template["language"] for template in read(status="paused")["data"]] == ["hi"]
    assert len(read(name=IDLE)["data"]) == 2
    assert len(read(name="reminder_idle")["data"]) == 2, "a part of the name is enough"
    assert len(read(name_or_content="been quiet")["data"]) == 1
    assert len(read(quality_score="RED")["data"]) == 1
    assert read(category="MARKETING") == {"data": []}


def test_a_list_shows_the_asked_fields_and_always_the_id(read):
    (template,) = read(limit=1, fields="status, rejected_reason,quality_score,message_send_ttl_seconds")["data"]
    assert template.pop("id").isdigit()
    assert template == {
        "status": "APPROVED",
        "rejected_reason": "NONE",
        "quality_score": {"score": "UNKNOWN"},
        "message_send_ttl_seconds": 43_200,
    }
    default = read(limit=1)["data"][0]
    assert set(default) == {
        *("name", "parameter_format", "components", "language", "status", "category", "id", "message_send_ttl_seconds")
    }


@pytest.mark.parametrize("query", [{"fields": "colour"}, {"limit": "many"}, {"limit": 0}, {"after": "ÿ"}])
def test_a_senseless_list_request_is_refused(graph, india, query):
    answer = graph.get(f"/{india.waba_id}/message_templates", params=query)
    assert (answer.status_code, subcode(answer)) == (400, None)


def test_a_list_can_be_summed_up(read):
    summary = read(limit=1, language="en", summary="total_count,message_template_count,message_template_limit")[
        "summary"
    ]
    assert summary == {"total_count": 3, "message_template_count": 6, "message_template_limit": 250}


def test_the_example_picture_is_read_back_as_an_address(create, upload, graph):
    handle = upload(png(), "image/png")
    header = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [handle]}}
    created = create(components=[header, {"type": "BODY", "text": "Your order is ready."}]).json()
    read = graph.get(f"/{created['id']}", params={"fields": "components"}).json()["components"][0]
    assert read["example"]["header_handle"][0].startswith("https://scontent.whatsapp.net/")


def test_an_edit_replaces_the_components_and_is_reviewed_again(api, create, edit, graph):
    template_id = create().json()["id"]
    api.review_next("REJECTED", reason="TAG_CONTENT_MISMATCH")
    assert edit(template_id, "Your parcel is ready.", message_send_ttl_seconds=3600).json() == {"success": True}
    read = graph.get(f"/{template_id}", params={"fields": "status,components,message_send_ttl_seconds"}).json()
    assert read["status"] == "REJECTED"
    assert read["components"] == [{"type": "BODY", "text": "Your parcel is ready."}]
    assert read["message_send_ttl_seconds"] == 3600


def test_an_edit_keeps_the_rules(create, edit):
    template_id = create().json()["id"]
    assert subcode(edit(template_id, "x" * 1025)) == 2388040
    assert subcode(edit(template_id, name="other")) is None
    assert edit(template_id, "A refused edit does not count.").status_code == 200


def test_an_approved_template_is_edited_once_a_day_and_ten_times_in_thirty(api, create, edit):
    api.freeze_clock()
    template_id = create().json()["id"]
    for number in range(10):
        assert edit(template_id, f"Your order number {number} is ready.").status_code == 200
        assert subcode(edit(template_id, "Too soon, too soon.")) == 2388039
        api.shift_clock(DAY)
    assert subcode(edit(template_id, "The eleventh edit.")) == 2388039
    api.shift_clock(20 * DAY)
    assert edit(template_id, "A month after the first.").status_code == 200


@pytest.mark.parametrize("status", ["REJECTED", "PAUSED"])
def test_a_rejected_or_paused_template_is_edited_as_often_as_needed(api, india, create, edit, status):
    template_id = create().json()["id"]
    for number in range(3):
        api.change_template(india.waba_id, "order_ready", status=status)
        assert edit(template_id, f"Your order number {number} is ready.").status_code == 200
    assert next(found for found in api.templates() if found["id"] == template_id)["status"] == "APPROVED"


@pytest.mark.parametrize("status", ["PENDING", "DISABLED"])
def test_a_template_in_review_or_disabled_is_not_edited(api, india, create, edit, status):
    template_id = create().json()["id"]
    api.change_template(india.waba_id, "order_ready", status=status)
    assert subcode(edit(template_id, "Your parcel is ready.")) == 2388039


def test_the_category_changes_only_before_approval_and_for_a_single_language(api, india, create, edit):
    template_id = create().json()["id"]
    assert edit(template_id, category="MARKETING").status_code == 400
    api.change_template(india.waba_id, "order_ready", status="REJECTED")
    create("आपका ऑर्डर तैयार है।", language="hi")
    assert edit(template_id, category="MARKETING").status_code == 400
    api.change_template(india.waba_id, "order_ready", "hi", status="REJECTED")
    assert edit(template_id, category="utility").status_code == 200


def test_a_paused_template_can_be_unpaused(api, india, create, graph, send_template):
    template_id = create().json()["id"]
    assert graph.post(f"/{template_id}/unpause").status_code == 400
    api.change_template(india.waba_id, "order_ready", status="PAUSED")
    assert graph.post(f"/{template_id}/unpause").json() == {"success": True}
    assert send_template(name="order_ready", components=[]).status_code == 200


@pytest.fixture
def delete(graph, india):
    def ask(**query):
        return graph.delete(f"/{india.waba_id}/message_templates", params=query)

    return ask


def test_deleting_a_name_deletes_its_languages_and_locks_it_for_thirty_days(api, create, delete):
    api.freeze_clock()
    create()
    create("आपका ऑर्डर तैयार है।", language="hi")
    assert delete(name="order_ready").json() == {"success": True}
    assert not [template for template in api.templates() if template["name"] == "order_ready"]
    refused = create()
    assert subcode(refused) == 2388023
    assert refused.json()["error"]["error_user_msg"] == (
        "New English content can't be added while the existing English content is being deleted. "
        "Try again in 30 days or consider creating a new message template."
    )
    assert subcode(create(language="it")) == 2388023, "the name is locked, not the language"
    api.shift_clock(30 * DAY)
    assert create().status_code == 200


def test_a_template_that_was_never_approved_frees_its_name_in_a_minute(api, create, delete):
    api.freeze_clock()
    api.review_next("REJECTED")
    create()
    delete(name="order_ready")
    assert "Try again in less than 1 minute" in create().json()["error"]["error_user_msg"]
    api.shift_clock(60)
    assert create().status_code == 200


def test_one_language_can_be_deleted_and_the_others_stay(api, create, delete):
    english = create().json()["id"]
    create("आपका ऑर्डर तैयार है।", language="hi")
    assert delete(name="order_ready", hsm_id=english).status_code == 200
    assert [found["language"] for found in api.templates() if found["name"] == "order_ready"] == ["hi"]
    assert subcode(create()) == 2388023
    assert create("Il tuo ordine è pronto.", language="it").status_code == 200


def test_several_templates_can_be_deleted_by_their_ids(api, create, delete):
    ids = [create(f"Text number {number}.", name=f"name_{number}").json()["id"] for number in range(3)]
    assert delete(hsm_ids=f'["{ids[0]}", "{ids[2]}"]').status_code == 200
    assert [found["name"] for found in api.templates() if found["name"].startswith("name_")] == ["name_1"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"name": "no_such_name"},
        {"name": IDLE, "hsm_id": "1"},
        {"hsm_ids": "1,2"},
        {"hsm_ids": "[]"},
        {"hsm_ids": '["1"]'},
        {"hsm_ids": '["1"]', "name": IDLE},
    ],
)
def test_what_is_not_there_is_not_deleted(api, delete, query):
    before = api.templates()
    assert delete(**query).status_code == 400
    assert api.templates() == before


def test_a_disabled_template_is_not_deleted(api, india, delete):
    api.change_template(india.waba_id, IDLE, "hi", status="DISABLED")
    assert delete(name=IDLE).status_code == 400
    assert len([found for found in api.templates(india.waba_id) if found["name"] == IDLE]) == 2


def test_template_requests_are_limited_by_the_hour(api, read, delete):
    api.freeze_clock()
    api.set_limits(management_calls_per_hour=2)
    read()
    read()
    answer = delete(name=IDLE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, 80007)
    assert "x-business-use-case-usage" in answer.headers
    api.shift_clock(3600)
    read()
