"""What a notebook shows: figures, panels, and checks of exercises.

- `lines`: printed lines that fit
- `describe`: a figure in words, for readers who do not see it
- `figure`: what all figures share: size, axes, the styles of lines, and how they become a picture
- `plots`: a figure for each kind of measurement
- `run_plots`: one figure of one or several trainings
- `search_plots`: one figure of a search for good options
- `text_plots`: figures along a text: coloured letters, gates, states, the next character
- `pair_plots`: figures of two texts that belong together, and of words in a plane
- `still`: a picture of a panel, for pages where no kernel runs
- `panel`: what all panels share: a box of widgets that a notebook shows
- `newest`: work in a thread for the newest values of controls only
- `explorers`: panels that redraw when a control moves: a gradient's reach, gates, units
- `workers`: panels that work until Stop: a sampler, a training monitor
- `exercises`: checks that compare an answer with what was expected
"""
