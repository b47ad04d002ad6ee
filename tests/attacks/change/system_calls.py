# Calls that lead out of a process, or deep into the kernel.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": dict(ptrace=101, bpf=321, keyctl=250, add_key=248, userfaultfd=323, io_uring_setup=425, perf_event_open=298, process_vm_readv=310, memfd_create=319, kexec_load=246, init_module=175, open_by_handle_at=304, pidfd_getfd=438, clone3=435, fork=57, vfork=58)}
import platform

for name, number in numbers.get(platform.machine(), {}).items():
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
    if result == 0 or ctypes.get_errno() not in (1, 38):
        print("FOUND", name, result, ctypes.get_errno())
