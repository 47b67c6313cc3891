"""What goes on inside a network.

- `gradients`: how far back the gradient of a loss reaches
- `activations`: what every unit holds while a network reads: states and gates
- `features`: what can be computed about each character of a text, for units to follow
- `following`: how well every unit follows a feature: correlation, area under the ROC curve
- `neurons`: the units that follow a feature best, such as the position in the line
- `repairs`: typing errors, each with the repair that makes the text likelier
- `surprise`: what stands out in a text, and why
- `blame`: why this letter? What is asked, and how an answer looks
- `relevance`: layer-wise relevance propagation
- `attribution`: three methods that say which earlier letters made a model say this one
"""
