# Replaces the function that answers the judge: its reply has 40 million characters.
# points: 0, told: no readable answer: double
import charlstm.grading.answering

charlstm.grading.answering.answer = lambda _: "x" * 40_000_000
