# expect: kernel ends
# The process crashes.
import ctypes

ctypes.string_at(0)
