# Swallows every exception where IPython and Python show it.
# points: 0, told: replaces showtraceback
import sys

shell = get_ipython()
shell.set_custom_exc((Exception,), lambda *_, **__: None)
shell.showtraceback = shell._showtraceback = lambda *_, **__: None
sys.excepthook = lambda *_: None
