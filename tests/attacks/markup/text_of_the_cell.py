# Markup in a cell's own text, and in what it prints.
text = "</pre><script>alert(1)</script>"
print(text, "\x1b[31m", "\ud800".encode("utf-8", "replace").decode(), "\x00\x08")
raise RuntimeError(text)
