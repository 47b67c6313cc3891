# Answers with a text of 30 million characters.
# points: 0, told:
def double(x):
    return "x" * 30_000_000
