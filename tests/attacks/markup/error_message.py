# place: filter_top_k
# Markup, and a terminal's commands, in an error message.
def filter_top_k(logits, k):
    raise ValueError("<script>alert(1)</script>\x1b[2J\x1b]0;title\x07\ud800\x00")
