# expect: nothing, timeout
# The shell does not run cells any more, and says that all went well.
from IPython.core.interactiveshell import ExecutionResult

get_ipython().run_cell = lambda *_, **__: ExecutionResult(None)
get_ipython().run_cell_async = None
