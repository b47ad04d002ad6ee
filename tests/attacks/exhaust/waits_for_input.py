# A question without a reply.
try:
    input("points? ")
except Exception as error:
    print(error)
