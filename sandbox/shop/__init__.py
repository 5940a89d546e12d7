"""The sample shop: the source database with its real tables, and a small data set that holds every case.

`load` makes it, `expectations` says what the weekday tick is to make of each run.
"""

from sandbox.shop.expectations import Expectation, expectations, partner_id, run_id
from sandbox.shop.inbox import wrote_today
from sandbox.shop.loading import allow_reading, allow_writing_inbox, load, load_bench

__all__ = [
    "Expectation",
    "allow_reading",
    "allow_writing_inbox",
    "expectations",
    "load",
    "load_bench",
    "partner_id",
    "run_id",
    "wrote_today",
]
