# A display that is harmless, until it is updated by a later cell.
from IPython.display import HTML, display

handle = display(HTML("<b>bold</b>"), display_id="later")
get_ipython().events.register(
    "post_run_cell",
    lambda *_: display(HTML("<script>alert(1)</script>"), display_id="later", update=True),
)
