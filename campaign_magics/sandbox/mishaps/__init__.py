"""Failures to order: what clients must survive, made to happen on request.

``kinds`` says what can go wrong, ``plan`` which calls it hits, ``spoil`` does it.
Nothing goes wrong until somebody with the control token orders it.
"""
