"""What a notebook shows: figures, panels, and checks of exercises.

- `figure`: what all figures share: size, axes, and how lines differ
- `plots`: a figure for each thing that is measured
- `text_plots`: a figure for what changes along a text: gates, states, the next character
- `panel`: what panels have in common: a box of widgets that a notebook shows
- `explorers`: panels that draw anew when a control moves: a gradient's reach, a unit's gates
- `workers`: panels that work until Stop: a sampler, a training monitor
- `exercises`: what was expected, and what came
"""
