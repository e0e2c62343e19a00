"""The sandbox wing: a Campaign-compatible server that runs anywhere."""
