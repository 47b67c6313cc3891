"""Search: which options train the best model on a text, with Optuna (the extra `search`).

- `dimension`: an option and the values that are tried, read from an item
- `space`: all options that are tried, and the settings of a grid
- `plan`: what a search does, the folder where it lives, and the command that repeats a setting
- `study`: the trials in Optuna's storage, and what becomes of those whose worker has died
- `setting`: one trial: ordinary trainings, one for each seed
- `processes`: workers that take trials until all are done
- `cost`: how long a search will take, before it begins
- `findings`: the table, the importance of each option, and how far the best is apart
"""
