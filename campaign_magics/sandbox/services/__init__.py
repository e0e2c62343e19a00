"""The business of the instance: one module a schema or interface."""
