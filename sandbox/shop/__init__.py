"""The sample shop: the source database with its real tables, and a small data set with every case.

`load` creates it; `expectations` has the expected outcome of the weekday tick for each run.
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
