"""Files become the wanted side, or problems at exact places."""
