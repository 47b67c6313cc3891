"""What goes on inside a network.

- `gradients`: how far back the gradient of a loss reaches
"""
