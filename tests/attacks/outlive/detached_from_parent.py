# No death with the parent any more.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(1, 0, 0, 0, 0) == 0:
    print("FOUND", "PR_SET_PDEATHSIG")
