# Replaces the function that answers the judge: its reply has 40 million characters.
# points: 0, told: over the time limit: double
import charlstm.judging.answering

charlstm.judging.answering.answer = lambda _: "x" * 40_000_000
