"""SQL → QueryDef: sqlglot reads the statement, this room says it in XTK.

words       the text as tokens, with Campaign's names and dates among them
refusals    what has no XTK equivalent, and what to write instead
names       ``email``, ``folder.label``, ``r.email`` → paths of the schema
expressions one expression → its tree; functions and moments are its tables
conditions  WHERE and HAVING → conditions, sub-queries included
statement   the whole
"""
