"""`make bench`: how fast runs are found, messages planned and sent, and what memory that takes, in one table.

The only part of the sandbox that knows the package: `steps.py` calls it, in processes of their own.
"""
