# expect: nothing
# A reply that would run code where it is unpickled.
import pickle

kernel = get_ipython().kernel


class Runs:
    def __reduce__(self):
        return exec, ("[open(p, 'w') for p in ('/tmp/kischule-was-here', 'COURSE/was-here')]",)


kernel.shell_handlers["kischule_call_request"] = lambda stream, ident, parent: kernel.session.send(
    stream, "kischule_call_reply", {}, parent, ident=ident, buffers=[pickle.dumps(Runs())]
)
