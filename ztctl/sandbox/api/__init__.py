"""The emulated endpoints: one file a family, joined in `families`."""
