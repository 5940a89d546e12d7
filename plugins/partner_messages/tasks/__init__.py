"""What each DAG task does: read with one room, decide with another, write with a third."""
