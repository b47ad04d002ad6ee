# Messages on all channels that are none.
kernel = get_ipython().kernel
for channel in (kernel.iopub_socket,):
    for content in ({}, {"name": 5, "text": []}, {"data": 5, "metadata": None}, {"ename": {}}):
        for kind in ("stream", "display_data", "execute_result", "error", "status", "comm_open", "x"):
            kernel.session.send(channel, kind, content, kernel.get_parent(), ident=kind.encode())
kernel.iopub_thread.socket.send_multipart([b"x", b"<IDS|MSG>", b"no signature", b"{", b"}", b"[", b"]"])
