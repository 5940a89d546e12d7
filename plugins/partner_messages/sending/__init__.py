"""A batch on its way: looked at again, claimed, let go within the rate, answered, settled."""
