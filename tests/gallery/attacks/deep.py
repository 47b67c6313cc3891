# Answers with a list in a list in a list, a hundred thousand times, and with itself.
# points: 0, told:
def double(x):
    answer = []
    for _ in range(100_000):
        answer = [answer]
    return answer
