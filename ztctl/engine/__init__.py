"""The only place where effects meet decisions."""
