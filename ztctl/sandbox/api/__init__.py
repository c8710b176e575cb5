"""The emulated endpoints: one module per endpoint family, registered in `families`."""
