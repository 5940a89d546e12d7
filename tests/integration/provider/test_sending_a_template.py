"""The operator, the notifier and the hook: what leaves for Meta, and what is found out before."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace

import pytest
from airflow.sdk import DAG, AsyncCallback
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.triggers.callback import CallbackTrigger

from partner_messages.config.paths import TEMPLATES
from whatsapp_provider.hooks.whatsapp import WhatsAppHook
from whatsapp_provider.notifications.whatsapp import WhatsAppNotifier, send_whatsapp_notification
from whatsapp_provider.operators.whatsapp import WhatsAppSendTemplateOperator
from whatsapp_provider.sending import tracking_id_of

PHONE = "+919829012345"
IDLE = "jyt_production_run_reminder_idle_v1"
FIVE = {"1": "Asha", "2": "Blouse", "3": "R1", "4": "3", "5": "9"}
CONTEXT = {
    "ti": SimpleNamespace(task_id="tell", map_index=-1),
    "dag_run": SimpleNamespace(dag_id="orders", run_id="manual__1"),
    "params": {"phone": PHONE},
}
SHIPPED = {
    "to": PHONE,
    "template": "order_shipped",
    "parameters": {"order": "A-17", "name": "Asha"},
    "picture": "https://shop.example/a.png",
    "buttons": {"Track": "A 17", "Help": "help:A-17"},
}


def run(**arguments):
    return WhatsAppSendTemplateOperator(task_id="tell", **arguments).execute(CONTEXT)


def body_of(texts):
    return {"type": "body", "parameters": [{"type": "text", **text} for text in texts]}


def test_a_template_with_numbers_is_filled_in_by_them(connect, sent):
    tracking_id = run(to=PHONE, template=IDLE, parameters={name: FIVE[name] for name in "51423"})

    assert sent() == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": PHONE,
            "biz_opaque_callback_data": tracking_id,
            "type": "template",
            "template": {
                "name": IDLE,
                "language": {"policy": "deterministic", "code": "en"},
                "components": [body_of({"text": FIVE[name]} for name in "12345")],
            },
        }
    ]


def test_names_a_picture_and_buttons_find_their_places(order_shipped, sent):
    run(**SHIPPED, tracking_id="order A-17")

    (seen,) = sent()
    assert seen["biz_opaque_callback_data"] == "order A-17"
    assert seen["template"]["components"] == [
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://shop.example/a.png"}}]},
        body_of([{"parameter_name": "name", "text": "Asha"}, {"parameter_name": "order", "text": "A-17"}]),
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "A%2017"}]},
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "1",
            "parameters": [{"type": "payload", "payload": "help:A-17"}],
        },
    ]


def test_with_a_catalog_the_names_are_those_of_its_files(connect, sent):
    named = {"partner_name": "Asha", "design_name": "Blouse", "run_id": "R1"}
    with pytest.raises(AirflowFailException) as error:
        run(to=PHONE, template=IDLE, parameters=named, catalog=str(TEMPLATES))
    names = str(error.value).partition("its parameters are: ")[2].rstrip(".").split(", ")
    run(to=PHONE, template=IDLE, parameters={name: name.upper() for name in names}, catalog=str(TEMPLATES))

    (seen,) = sent()
    assert len(names) == 5
    assert seen["template"]["components"] == [body_of({"text": name.upper()} for name in names)]


def test_names_for_a_template_that_has_numbers_ask_for_the_catalog(connect, sent):
    with pytest.raises(AirflowFailException, match=r'needs the parameter "1"; .*: 1, 2, 3, 4, 5; .* give catalog, '):
        run(to=PHONE, template=IDLE, parameters={"partner_name": "Asha"})
    with pytest.raises(AirflowFailException, match=r'needs the parameter "5"; its parameters are: 1, 2, 3, 4, 5\.$'):
        run(to=PHONE, template=IDLE, parameters={name: FIVE[name] for name in "1234"})

    assert sent() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"template": "order_lost"},
            r"Template order_lost \(en\) is not on the account; submit it, or name another one",
        ),
        ({"language": "hi"}, r"Template order_shipped \(hi\) is not on the account, which has it in en; "),
        ({"language": "en_US"}, r"Template order_shipped \(en_US\) is not on the account, which has it in en; "),
        ({"whatsapp_conn_id": "of_nobody"}, "There is no connection of_nobody; add it .*AIRFLOW_CONN_OF_NOBODY"),
        ({"parameters": {"name": "Asha"}}, 'needs the parameter "order"; its parameters are: name, order'),
        (
            {"parameters": {"order": "1", "name": "A", "nam": "A"}},
            'has no parameter "nam"; its parameters are: name, order',
        ),
        ({"parameters": {"order": "1", "name": " "}}, 'the parameter "name" has nothing in it that can be seen'),
        ({"picture": None}, "has a picture above its text: picture must be an https URL"),
        ({"picture": "http://shop.example/a.png"}, "picture must be an https URL"),
        ({"buttons": {}}, 'buttons must say how the URL of "Track" ends'),
        ({"buttons": {"0": "A", "Halp": "x"}}, 'has no button "Halp"; its buttons are: Track, Help, Thanks'),
        ({"to": "09829012345"}, r"to must be a number in E.164, such as \+919812345678, not .*2345"),
        ({"catalog": str(TEMPLATES)}, "There is no template order_shipped in"),
    ],
)
def test_what_meta_would_refuse_is_not_sent(order_shipped, sent, changes, said):
    with pytest.raises(AirflowFailException, match=said):
        run(**{**SHIPPED, **changes})

    assert sent() == []


def test_a_template_that_is_paused_is_not_sent(order_shipped, graph_api, sent):
    graph_api.change_template("211000000000001", "order_shipped", status="PAUSED")

    with pytest.raises(AirflowFailException, match=r"order_shipped \(en\) is PAUSED and cannot be sent"):
        run(**SHIPPED)

    assert sent() == []


def ending(graph_api, order):
    order(graph_api)
    with pytest.raises(AirflowException) as error:
        run(to=PHONE, template=IDLE, parameters=FIVE)
    return error.value


@pytest.mark.parametrize(
    ("order", "fails", "said"),
    [
        (lambda api: api.fail_next(131026, operation="send_message"), True, "131026"),
        (lambda api: api.fail_next(190, operation="send_message"), True, "token"),
        (lambda api: api.fail_next(130429, operation="send_message"), False, "130429"),
        (lambda api: api.drop_next(operation="send_message"), True, "the message may have arrived"),
        (lambda api: api.drop_next(operation="list_templates"), False, "whatsapp_default"),
    ],
)
def test_only_what_has_certainly_not_left_is_tried_again(connect, graph_api, order, fails, said):
    error = ending(graph_api, order)

    assert isinstance(error, AirflowFailException) is fails
    assert said in str(error)


def test_a_try_after_another_has_the_same_tracking_id_and_another_run_has_not(connect, sent):
    ids = [run(to=PHONE, template=IDLE, parameters=FIVE) for _ in range(2)]
    other = {**CONTEXT, "dag_run": SimpleNamespace(dag_id="orders", run_id="manual__2")}
    ids.append(WhatsAppSendTemplateOperator(task_id="t", to=PHONE, template=IDLE, parameters=FIVE).execute(other))

    assert len({*ids}) == 2
    assert [body["biz_opaque_callback_data"] for body in sent()] == ids


def test_every_argument_of_the_operator_is_a_template(connect, sent):
    with DAG("orders", schedule=None):
        task = WhatsAppSendTemplateOperator(
            task_id="tell",
            to="{{ params.phone }}",
            template="{{ 'jyt_production_run_reminder_' + 'idle_v1' }}",
            parameters={**FIVE, "1": "{{ dag_run.run_id }}"},
        )
    task.render_template_fields(CONTEXT)
    task.execute(CONTEXT)

    (seen,) = sent()
    assert seen["to"] == PHONE
    assert seen["template"]["components"][0]["parameters"][0]["text"] == "manual__1"
    assert {*task.template_fields} == {*vars(task)} & {
        *(
            "whatsapp_conn_id",
            "to",
            "template",
            "language",
            "parameters",
            "picture",
            "buttons",
            "catalog",
            "tracking_id",
            "dedup_key",
        )
    }


def test_the_notifier_tells_of_a_run(connect, sent):
    notifier = send_whatsapp_notification(
        to="{{ params.phone }}", template=IDLE, parameters={**FIVE, "1": "{{ dag_run.run_id }}"}
    )
    notifier(dict(CONTEXT))

    (seen,) = sent()
    assert send_whatsapp_notification is WhatsAppNotifier
    assert (seen["to"], seen["template"]["components"][0]["parameters"][0]["text"]) == (PHONE, "manual__1")


@pytest.mark.parametrize("context", ["of a task", "of the triggerer"])
def test_the_notifier_can_be_awaited_as_the_triggerer_does_it(connect, sent, context):
    told = {"to": PHONE, "template": IDLE, "parameters": {**FIVE}}
    if context == "of a task":
        told["parameters"]["1"] = "{{ dag_run.run_id }}"
        asyncio.run(_awaited(WhatsAppNotifier(**told, context=dict(CONTEXT))))
    else:
        told["parameters"]["1"] = "{{ dag_run['run_id'] }}"
        of_run = {"dag_run": {"dag_id": "orders", "run_id": "manual__1"}, "deadline": {"id": "d1"}}
        callback = AsyncCallback(send_whatsapp_notification, kwargs=told)
        trigger = CallbackTrigger(callback.path, {**callback.kwargs, "context": of_run})
        assert asyncio.run(_events(trigger))[-1]["state"] == "success"

    (seen,) = sent()
    assert seen["template"]["components"][0]["parameters"][0]["text"] == "manual__1"


async def _awaited(notifier):
    await notifier


async def _events(trigger):
    return [event.payload async for event in trigger.run()]


def test_what_goes_wrong_in_the_triggerer_is_said(connect, sent):
    trigger = CallbackTrigger(
        "whatsapp_provider.notifications.whatsapp.WhatsAppNotifier", {"to": PHONE, "template": "order_lost"}
    )

    last = asyncio.run(_events(trigger))[-1]

    assert last["state"] == "failed"
    assert "Template order_lost (en) is not on the account" in last["body"]
    assert sent() == []


def test_two_deadlines_of_a_run_have_two_tracking_ids():
    of_run = {"dag_run": {"dag_id": "orders", "run_id": "manual__1"}}
    ids = {tracking_id_of({**of_run, "deadline": {"id": name}}, "notice") for name in ("d1", "d2", "d1")}

    assert len(ids | {tracking_id_of(of_run, "notice"), tracking_id_of(CONTEXT, "notice")}) == 4


def test_nothing_is_asked_before_a_task_runs(monkeypatch):
    def refused(*given, **also):
        raise AssertionError("nothing may be asked while a DAG is parsed")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(f"socket.socket.{name}", refused)
    monkeypatch.delenv("AIRFLOW_CONN_WHATSAPP_DEFAULT", raising=False)

    assert WhatsAppHook().whatsapp_conn_id == WhatsAppNotifier(to="x", template="y").whatsapp_conn_id
    assert WhatsAppSendTemplateOperator(task_id="t", **SHIPPED).whatsapp_conn_id == "whatsapp_default"


def test_no_log_has_the_number_the_token_or_meta_s_id(order_shipped, graph_api, caplog):
    caplog.set_level(logging.DEBUG)
    run(**SHIPPED)

    (taken,) = graph_api.outbox()
    assert "order_shipped (en) to +91•••••2345: accepted by Meta as wamid.…" in caplog.text
    for secret in (PHONE, PHONE[1:], taken["id"], "sandbox-token"):
        assert secret not in caplog.text
