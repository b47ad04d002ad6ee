# Events, frames, forms, links that act.
from IPython.display import HTML, display

display(HTML('<img src=x onerror="alert(1)"><a href="javascript:alert(1)">x</a><svg onload=alert(1)>'))
display(HTML('<iframe src="https://example.org"></iframe><form action="https://example.org"></form>'))
display(HTML('<div style="background:url(https://example.org/x.png)">x</div><meta http-equiv=refresh>'))
