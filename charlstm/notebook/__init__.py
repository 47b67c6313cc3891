"""What a notebook shows: figures, panels, and checks of exercises.

- `figure`: what all figures share: size, axes, and the styles of lines
- `plots`: a figure for each kind of measurement
- `text_plots`: figures along a text: coloured letters, gates, states, the next character
- `panel`: what all panels share: a box of widgets that a notebook shows
- `explorers`: panels that redraw when a control moves: a gradient's reach, gates, units
- `workers`: panels that work until Stop: a sampler, a training monitor
- `exercises`: checks that compare an answer with what was expected
"""
