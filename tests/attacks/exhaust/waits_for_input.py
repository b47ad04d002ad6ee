# A question that nobody answers.
try:
    input("points? ")
except Exception as error:
    print(error)
