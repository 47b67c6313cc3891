# overwrites another student's submission
# alone: told, note:
# contained: holds, note:
def double(x):
    with open("COURSE/submitted/zoe/ps1/ps1.ipynb", "rb+") as file:
        file.truncate(0)
    return 2 * x
