"""Reading the account and executing plans: all effects on the account, driven by the core."""
