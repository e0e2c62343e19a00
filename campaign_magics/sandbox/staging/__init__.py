"""Staging and replication of v8 Enterprise: local first, the cloud an hour later.

``ingest`` takes documents into the local staging tables, ``move`` brings them to the
cloud exactly once, ``workflows`` are the two technical workflows that do it hourly.
"""
