"""What forms offer and params read, in a module that imports nothing: DAG files are parsed all the time."""

LEAVE = "leave"
"""The choice that asks for nothing. It is a word, as Airflow's form takes an empty choice for one that is missing, and
triggers nothing at all."""
