"""What people look at and click: ipywidgets' own controls, and a static twin of each.

theme   the root box, its colours for light and dark, lines of status and of error
twin    the same thing as HTML and text, for places where widgets do not run
passing a twin whose widget gives way to its static summary
picker  search a schema, tick fields, choose conditions, see the query, run it
meter   calls a second against the limit, live while cells run
connect the connection box: choose or type, test, log on
later   what is done a moment after it was last asked for
ticker  the one thread that draws what moves
"""
