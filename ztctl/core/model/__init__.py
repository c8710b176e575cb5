"""The values that everything else speaks of: objects, names, facts, calls, kinds, plans."""
