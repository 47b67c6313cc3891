# Never ends, and catches the interrupt a few times.
# points: 0, told: over the time limit: double
def double(x):
    for _ in range(3):
        try:
            while True:
                pass
        except KeyboardInterrupt:
            return [2, 4]
