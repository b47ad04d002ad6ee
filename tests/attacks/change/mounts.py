# Other places mounted over these.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for call in (
    lambda: libc.mount(b"none", b"/proc", b"tmpfs", 0, None),
    lambda: libc.mount(None, b"/", None, 4096 | 32, None),
    lambda: libc.umount2(b"/submission", 2),
    lambda: libc.umount2(b"/proc", 2),
    lambda: libc.chroot(b"/submission"),
    lambda: libc.unshare(0x10000000),
    lambda: libc.unshare(0x00020000),
    lambda: libc.setns(0, 0),
):
    if call() == 0:
        print("FOUND", "a call that must be refused")
