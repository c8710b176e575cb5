"""Pure data of runs: journal records, and the names of lock tags."""
