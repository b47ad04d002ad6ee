# A script in an output.
from IPython.display import HTML, Javascript, display

display(HTML("<script>alert(1)</script><b>bold</b>"))
display(Javascript("alert(1)"))
