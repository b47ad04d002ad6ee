# A formula that is a link.
from IPython.display import HTML, Latex, display

display(Latex(r"$\href{javascript:alert(1)}{x}$"))
display(HTML(r"<p>$\href{javascript:alert(1)}{x} \style{background:url(https://example.org)}{x}$</p>"))
