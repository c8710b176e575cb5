"""Simulated edge: requests to host names, answered according to the account's state."""
