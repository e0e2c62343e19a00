"""The wire: calls are built by zeep, sent by our transport, answered or refused."""
