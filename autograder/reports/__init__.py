"""The class: a page for the teacher, results for other programs."""
