# A better grade.
import os
import sqlite3

try:
    book = sqlite3.connect("COURSE/gradebook.db")
    book.execute("UPDATE grade SET manual_score = 9")
    book.commit()
except sqlite3.Error as error:
    print(error)
