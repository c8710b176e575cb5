"""One file a kind: its fields as data, its calls as flows. No I/O."""
