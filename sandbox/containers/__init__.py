"""`make containers`: the compose file in a real container engine, with kills, restarts and restores.

`python -m sandbox.containers [build|run]`. It works in a copy of the project (`.sandbox/containers`), with an `.env` of
its own; volumes and containers of the compose project `partner-messages-tried` are taken away at the end.
"""
