"""What visitors meet: requests to host names, answered from the account's state."""
