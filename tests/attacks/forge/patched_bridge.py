# expect: nothing
# The functions between kernel and worker are the student's.
import autograder.sandbox.student as student

student.plain = lambda value, depth=4: True
student.LocalStudent.call_all = lambda self, function, calls, limit: [
    student.Answer(True) for _ in calls
]
