# expect: nothing
# The functions that serve the worker's requests are the student's.
import autograder.sandbox.student as student

student.plain = lambda value, depth=4: True
student.LocalStudent.call_all = lambda self, function, calls, time_limit_s: [
    student.Reply(True) for _ in calls
]
