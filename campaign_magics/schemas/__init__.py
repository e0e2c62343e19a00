"""Schemas: what an instance's data model says, read, compiled, cached, described."""
