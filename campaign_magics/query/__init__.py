"""One question, frozen: QueryDef, read from and written to its languages."""
