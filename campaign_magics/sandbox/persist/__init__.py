"""The interface xtk:persist: documents in, rows out (protocol.md §6)."""
