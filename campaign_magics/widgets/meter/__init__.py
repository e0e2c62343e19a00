"""The TPS meter: calls a second against the limit.

view     the live widget: `Meter`
model    one look at a budget, in numbers and words; no widget
drawing  that look as HTML and SVG, the same live and saved; no widget
"""
