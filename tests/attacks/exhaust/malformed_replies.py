# expect: nothing
# Replies that break every rule, one after the other.
import json

kernel = get_ipython().kernel
nonsense = [
    [], [b""], [b"\xff"], [b"null"], [b"[" * 100_000], [b'{"error": []}'], [b"[1]"],
    [json.dumps([{"value": ["array", "float32", [1 << 40], "cpu", 0], "changed": [], "reports": []}]).encode(), b"x"],
    [json.dumps([{"value": ["array", "object", [1], "cpu", 0], "changed": [], "reports": []}]).encode(), b"x" * 8],
    [json.dumps([{"value": ["array", "float32", [1], "cpu", 7], "changed": [], "reports": []}]).encode(), b"x" * 4],
    [json.dumps([{"value": ["float", "9" * 90], "changed": [[]], "reports": 5}]).encode()],
    [b"x" * 7_000_000],
]
count = 0


def handler(stream, ident, parent):
    global count
    count += 1
    kernel.session.send(
        stream, "kischule_call_reply", {}, parent, ident=ident, buffers=nonsense[count % len(nonsense)]
    )


kernel.shell_handlers["kischule_call_request"] = handler
