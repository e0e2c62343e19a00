"""What people look at and click: ipywidgets' own controls, and a static twin of each.

theme   the root box, its colours for light and dark, lines of status and of error
twin    the same thing as HTML and text, for places where widgets do not run
"""
