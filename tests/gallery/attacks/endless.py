# Never ends.
# points: 0, told: over the time limit: double
def double(x):
    while True:
        pass
