# A little more than an ordinary user has.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
libc.capget(ctypes.byref(header), ctypes.byref(sets))
bounding = any(libc.prctl(23, number, 0, 0, 0) == 1 for number in range(64))
# an ordinary user cannot give up the bounding set; it is worth nothing where no program gains rights
if any(sets) or (bounding and os.getppid() == 0):
    print("FOUND", "capabilities")
if libc.prctl(39, 0, 0, 0, 0) != 1 or libc.prctl(21, 0, 0, 0, 0) != 2:
    print("FOUND", "programs may gain rights, or no filter")
if os.getuid() == 0 and os.getppid() == 0:  # in a process namespace nobody has to be root
    print("FOUND", "root")
for change, now in ((os.setuid, os.getuid()), (os.setgid, os.getgid())):
    for other in {0, 1, 1000} - {now}:
        try:
            change(other)
            print("FOUND", change, other)
        except OSError:
            pass
try:
    os.setgroups([0])
    print("FOUND", "setgroups")
except OSError:
    pass
