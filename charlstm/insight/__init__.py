"""What goes on inside a network.

- `gradients`: how far back the gradient of a loss reaches
- `activations`: what every unit holds while a network reads: states and gates
- `features`: what can be computed about each character of a text, for units to follow
- `following`: how well every unit follows a feature: correlation, area under the ROC curve
- `neurons`: the units that follow a feature best, such as the position in the line
"""
