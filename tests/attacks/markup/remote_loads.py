# Something that is loaded from elsewhere, which says who has looked.
from IPython.display import HTML, Image, display

display(HTML('<img src="https://example.org/x.png"><link rel=stylesheet href="https://example.org/x.css">'))
display(Image(url="https://example.org/x.png"))
display({"text/markdown": "![x](https://example.org/x.png)"}, raw=True)
display({"image/svg+xml": "<svg><script>alert(1)</script></svg>"}, raw=True)
