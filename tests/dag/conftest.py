"""DAG runs in this process: each of their tasks opens sessions as if it had a process of its own."""

import pytest


@pytest.fixture(autouse=True)
def _sessions(sessions_are_kept):
    """A session is not the subject here."""


@pytest.fixture
def deployment(deployment):
    """How messages travel is the subject of few tests here."""
    deployment.send_in_chunks()
    return deployment


@pytest.fixture
def visit(dags, deployment, log):
    """Lets somebody with a role visit the pages."""
    # Not above: where pytest is given this folder, it reads this before there is a server for Airflow to connect to.
    from support.pages import visitor

    return visitor


@pytest.fixture
def op(visit):
    """Somebody who may act on the pages."""
    return visit("op")


@pytest.fixture
def viewer(visit):
    """Somebody who may only look."""
    return visit("viewer")


@pytest.fixture
def admin(visit):
    """Somebody else who may act on the pages, and on all else."""
    return visit("admin")
