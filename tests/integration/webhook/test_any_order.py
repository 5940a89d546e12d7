"""Whatever the order, the repetition and the batching of what Meta says of a message, its row ends the same."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from partner_messages.message_log.outbox import claim, settle
from partner_messages.messages.values import Settlement
from support.deployment import TICK
from support.log_rows import put, row
from support.webhook_work import apply_webhooks
from support.webhooks import of_statuses, status_item

ITEMS = st.builds(
    lambda status, minute, code, own, user: status_item(
        status=status,
        at=TICK + dt.timedelta(minutes=minute),
        **({"errors": [{"code": code, "title": "T"}]} if status == "failed" else {}),
        **({"biz_opaque_callback_data": None} if own else {}),
        **({"recipient_user_id": user} if user else {}),
    ),
    st.sampled_from(["sent", "delivered", "read", "played", "failed"]),
    st.integers(0, 3),
    st.sampled_from([130472, 131026]),
    st.booleans(),
    st.sampled_from([None, "IN.1", "IN.2"]),
)
OURS = ("id", "sent_at", "sent_at_is_metas", "claim_token", "claimed_at", "created_at", "updated_at", "context_id")
"""What a second row of the same message has of its own."""


def machine_of(log):
    class AnyOrder(RuleBasedStateMachine):
        """One row hears as it comes, and another hears it all at once when everything was said and settled."""

        numbers = itertools.count()

        @initialize(said=st.lists(ITEMS, min_size=1, max_size=5))
        def one_message(self, said):
            self.run_id, self.token = f"R{next(self.numbers)}", uuid.uuid4()
            self.id = put(log, "queued", self.run_id)
            claim(log, [self.id], self.token, TICK)
            self.wamid = f"wamid.{self.id}"
            self.said, self.heard, self.settled = said, [], False

        def items(self, said, id_, wamid):
            own = {"biz_opaque_callback_data": str(id_)}
            return [{**item, "id": wamid, **(own if "biz_opaque_callback_data" in item else {})} for item in said]

        def hear(self, said, id_, wamid):
            apply_webhooks(log, of_statuses(*self.items(said, id_, wamid)))

        @rule(data=st.data())
        def some_are_heard(self, data):
            some = data.draw(st.lists(st.sampled_from(self.said), min_size=1, max_size=4))
            self.heard += some
            self.hear(some, self.id, self.wamid)

        @rule()
        def our_own_answer_is_written_down(self):
            settle(log, self.token, [Settlement(self.id, "sent", meta_message_id=self.wamid)], TICK)
            self.settled = True

        @invariant()
        def it_is_never_claimed_again(self):
            assert claim(log, [self.id], uuid.uuid4(), TICK) == []

        def teardown(self):
            if not hasattr(self, "id"):
                return
            self.hear(self.said, self.id, self.wamid)
            self.our_own_answer_is_written_down()
            apply_webhooks(log)
            found = row(log, self.id)
            log.execute("DELETE FROM message_log WHERE id = %s", [self.id])
            other, token = put(log, "queued", self.run_id), uuid.uuid4()
            claim(log, [other], token, TICK)
            wamid = f"wamid.{other}"
            settle(log, token, [Settlement(other, "sent", meta_message_id=wamid)], TICK)
            self.hear(self.said, other, wamid)
            at_once = {**row(log, other), "meta_message_id": self.wamid}
            log.execute("DELETE FROM message_log WHERE id = %s", [other])
            assert {k: v for k, v in found.items() if k not in OURS} == {
                k: v for k, v in at_once.items() if k not in OURS
            }
            assert not found["sent_at_is_metas"]

    return AnyOrder


def test_any_order_repetition_and_batching_of_statuses_ends_in_the_same_row(log):
    run_state_machine_as_test(
        machine_of(log),
        settings=settings(
            max_examples=40, stateful_step_count=6, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
