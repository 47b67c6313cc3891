"""What a notebook shows: figures, panels, and checks of exercises.

- `plots`: a figure for each thing that is measured
- `widgets`: panels: a gradient explorer, a sampler, a training monitor
- `exercises`: what was expected, and what came
"""
