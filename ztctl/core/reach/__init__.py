"""Who reaches what, in every state of an account that a run can be cut off in."""
