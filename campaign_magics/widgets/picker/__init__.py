"""The schema picker: a query by looking instead of by typing.

view        the picker itself: `Picker`
model       what was picked, and the query it makes; no widget
tree        a schema as rows to show, links opened lazily; no widget
conditions  operators by type, and the XTK that they stand for; no widget
sql         the query as SQL that ``%%campaign_query`` reads
search      words → schemas
fields      the tree, a page of rows at a time
where       one condition: operator and value
query       what was picked, to be changed
outcome     rows, and the query as SQL, XML and JSON
stage       one click at a time, and what came of it
waiting     one question at a time, and what keeps it waiting
style       the style sheet
"""
