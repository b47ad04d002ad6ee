"""A course folder and nbgrader: the only package that imports nbgrader."""
