"""What a run writes down and the lock it holds, as data."""
