"""The GPU available to submissions, queried without opening it: a fork server must not.

With `--device cuda` a notebook's own model is on the GPU, opened by its kernel after the fork; the
checks go on with their copies on the CPU, so that a grade does not depend on the device.
"""

import glob
import os
import shutil
import stat
import subprocess

from autograder.errors import UserError

KERNEL_BYTES = 1 << 30  # of the device, planned for a kernel: its context, a small model
NODES = ("/dev/nvidia*", "/dev/nvidia-caps/*")
UNIFIED = "/dev/nvidia-uvm"


class DeviceError(UserError, RuntimeError):
    """There is no such device; the message says what was asked and what came back."""


def free_bytes() -> list[int]:
    """Ask the driver's own tool how many bytes are free on each CUDA device. DeviceError."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        raise DeviceError("--device cuda needs an NVIDIA driver: nvidia-smi is not there")
    command = [tool, "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    try:
        found = [int(line) << 20 for line in done.stdout.split()]
    except ValueError:
        found = []
    if done.returncode or not found:
        told = " ".join((done.stdout + done.stderr).split())[:200]
        raise DeviceError(f"--device cuda needs a CUDA device; nvidia-smi says: {told}")
    return found


def jobs(device: str, cores: int) -> int:
    """The default number of submissions at a time: one a core, and no more than the device holds.

    Kernels use the first device.
    """
    return cores if device == "cpu" else max(1, min(cores, free_bytes()[0] // KERNEL_BYTES))


def variables(device: str) -> dict[str, str]:
    """Environment variables of a kernel: the GPU that it may use, or none."""
    if device == "cpu":
        return {"CUDA_VISIBLE_DEVICES": ""}
    chosen = {n: os.environ[n] for n in ("CUDA_VISIBLE_DEVICES",) if n in os.environ}
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # nvidia-smi's: as in `free_bytes`
        "CUDA_CACHE_DISABLE": "1",  # a kernel's folder is small, and thrown away
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # asking whether there is one does not open it
        **chosen,
    }


def nodes(device: str) -> tuple[str, ...]:
    """The device files that a kernel needs.

    That of unified memory is there once a CUDA program has run since the machine started; in the
    sandbox none can make it, so the driver's own tool is asked to, where it is missing.
    """
    if device == "cpu":
        return ()
    if not os.path.exists(UNIFIED) and (tool := shutil.which("nvidia-modprobe")):
        command = [tool, "-u", "-c=0"]
        subprocess.run(command, capture_output=True, check=False, timeout=60)
    found = (path for pattern in NODES for path in glob.glob(pattern))
    # without the folder of capabilities: its files are shown one by one, not a second time
    return tuple(sorted(path for path in found if stat.S_ISCHR(os.stat(path).st_mode)))
