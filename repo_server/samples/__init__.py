"""The sample library: original lessons as data, and the generator that turns them into real files.

The lessons in `lessons/` were written for Kho and belong to nobody's textbook. `writer` is the one
door in; every other module knows one format.
"""
