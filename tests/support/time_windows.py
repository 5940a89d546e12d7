"""Windows of a day at random, to the minute."""

from __future__ import annotations

from hypothesis import strategies as st

from partner_messages.config.setting_groups import TimeWindow

windows = (
    st.lists(st.times().map(lambda time: time.replace(second=0, microsecond=0)), min_size=2, max_size=2, unique=True)
    .map(sorted)
    .map(lambda ends: TimeWindow(start=ends[0], end=ends[1]))
)
