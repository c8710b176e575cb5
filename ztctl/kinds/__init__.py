"""Resource kinds, one file each: fields as data, API calls as flows. No I/O."""
