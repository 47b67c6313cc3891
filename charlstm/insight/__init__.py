"""What goes on inside a network.

- `gradients`: how far back the gradient of a loss reaches
- `activations`: what every unit holds while a network reads: states and gates
- `neurons`: units that follow a feature of the text, such as the position in the line
- `blame`: why this letter? What is asked, and how an answer looks
- `relevance`: layer-wise relevance propagation
- `attribution`: three methods that say which earlier letters made a model say this one
"""
