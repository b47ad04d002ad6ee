# Errors happen, and are not shown.
get_ipython().showtraceback = lambda *_, **__: None
get_ipython()._showtraceback = lambda *_, **__: None
