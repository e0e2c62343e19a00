"""Where the sandbox keeps its rows: a local SQLite and a cloud DuckDB database."""
