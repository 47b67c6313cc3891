# %% [markdown]
# # 12. Numbers instead of letters
#
# *What it shows: the forecast of airline passengers that so many articles make, held against simple
# rules; a long series in which an LSTM wins; faults found by surprise; convolutions before an
# LSTM.*
#
# Afterwards you can
#
# - turn a series into windows, and keep the test part out of everything that is fitted;
# - say whether a forecast is any good, by the rules that it must beat;
# - tell a series that an LSTM can forecast from one that it cannot;
# - find faults in a series by the surprise of a forecaster.
#
# *Know before: lessons 5, 7 and 9. Takes 28 minutes to read, without solving the exercises, and 1
# minute to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# A layer does not know that it reads letters. It reads numbers. So the same layers can read a
# series, and say its next number instead of the next letter. Many articles do this with the
# passengers of airlines, month by month. Their pictures look good: the forecast lies close to the
# truth.
#
# **Before you run anything, guess:** one rule needs no computer: "next month as many will fly as in
# the same month last year". Is the LSTM of the articles better than that rule, or worse?

# %%
# %matplotlib inline
import os

import numpy as np
import torch

from charlstm.notebook import plots, text_plots
from charlstm.variants import naive
from charlstm.variants.fitting import FitOptions
from charlstm.variants.forecast import Forecaster, Scale, fit_forecast

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # less training, for a quick test of this notebook
EPOCHS, STEPS, SEEDS = (2, 20, range(1)) if FAST else (100, 1000, range(5))

# %% [markdown]
# ## 144 numbers
#
# The series is printed in Box and Jenkins (1976): thousands of passengers on international flights,
# each month from 1949 to 1960. The articles take the first 67 % of it, 96 months, for training.

# %%
from charlstm.variants.series import airline

names, passengers = airline()
CUT = 96
months = np.arange(len(passengers))
years = 1949 + months / 12
plots.curves(
    {"for training": (years[:CUT], passengers[:CUT]), "for the test": (years[CUT:], passengers[CUT:])},
    "year", "passengers, thousands",
)  # fmt: skip

# %% [markdown]
# It grows, and each year has the same shape, which grows with it. A network reads *windows* of the
# series:
#
# ![A row of numbers, cut into a training part and a test part. Windows of three numbers, each with
# the number after it, lie in the training part. The mean and the deviation come from the training
# part alone](drawings/windows-of-numbers.svg)
#
# The *look-back* is the length T of a window. The number after the window is what the network
# should say. A letter could be one of 65, and the network gave each a chance. A number can be
# anything. So the read-out is a single number, and the loss is the squared error. Its root (RMSE)
# has the unit of the series, here thousands of passengers.
#
# Networks like numbers near 1. So we subtract something and divide by something: the *scale*. In
# the articles both come from the whole series, and so from the test part, too. That is a *leak*:
# the forecaster knows how high the series will get. We will see what it is worth.

# %% [markdown]
# ## The LSTM of the articles
#
# One often-copied article (J. Brownlee, *Time series prediction with LSTM recurrent neural
# networks*, 2016) has a look-back of one month, 4 units, 100 epochs (in an epoch each window is
# read once), batches of one window, and Adam with a learning rate of 0.001. It scales the series to
# the range from 0 to 1. It reports a training error of about 23 thousand, and a test error of about
# 49 thousand. We repeat this.
#
# Before that, look at what such a network can do. It starts from the zero state, reads *one*
# number, and must answer. What does the gradient say of its weights?

# %%
everything = Scale(passengers.min(), np.ptp(passengers))  # the whole series: the leak
model = Forecaster(1, everything, hidden_size=4)
model(model.scaled(passengers[:9, None])).sum().backward()
for name, weight in model.named_parameters():
    print(f"{name:20} largest gradient {weight.grad.abs().max():.3f}")
rows = model.layers[0].cell.rows("f", 4)
print(
    f"of the forget gate   largest gradient {model.layers[0].weight_ih.grad[rows].abs().max():.3f}"
)

# %% [markdown]
# The recurrent matrix $W_{hh}$ has no gradient at all, and neither has the forget gate. Both are
# only used with an earlier state, and there is none. **This LSTM has no memory.** It is a function
# of one number, and can only say: after so many passengers come so many. That makes its code short.
# We write it for several seeds at once, because each is tiny.


# %%
def one_step(weights, x):
    """Return the forecasts of S networks that start at zero, (S, N), for scaled numbers (S, N)."""
    W_ih, b, W_out, b_out = weights
    i, _, g, o = (W_ih * x[..., None] + b).chunk(4, -1)  # f would only meet a c of 0
    c = torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)  # (S, N, H)
    return (W_out * h).sum(-1) + b_out


# %% jupyter={"source_hidden": true}
# Folded: first weights as the article's library draws them; the check of one_step
def first_weights(seeds, H=4):
    limit = (6 / (1 + 4 * H)) ** 0.5  # Glorot & Bengio 2010, for the four gates as one matrix
    rngs = [np.random.default_rng(seed) for seed in seeds]
    W_ih = np.stack([rng.uniform(-limit, limit, (1, 4 * H)) for rng in rngs])
    out = (6 / (H + 1)) ** 0.5
    W_out = np.stack([rng.uniform(-out, out, (1, H)) for rng in rngs])
    zeros = np.zeros((len(rngs), 1, 1))
    weights = W_ih, zeros + np.zeros(4 * H), W_out, zeros[:, 0]
    return [torch.tensor(w, requires_grad=True) for w in weights]


model.double()
of_model = [
    model.layers[0].weight_ih.T[None], model.layers[0].bias_ih[None, None],
    model.head.weight[None], model.head.bias[None],
]  # fmt: skip
x = model.scaled(passengers)
assert torch.allclose(one_step(of_model, x[None])[0], model(x[:, None]))  # it is the Forecaster


# %%
def article(scale, seeds):
    """Train as the article does: 94 windows of one month, each alone, in a new order each epoch."""
    weights = first_weights(seeds)
    optimizer = torch.optim.Adam(weights, lr=0.001)
    x = torch.tensor((passengers[:CUT] - scale.shift) / scale.factor)
    for epoch in range(EPOCHS):
        orders = [np.random.default_rng((seed, epoch)).permutation(CUT - 2) for seed in seeds]
        for month in torch.from_numpy(np.stack(orders)).T[..., None]:  # (S, 1)
            loss = (one_step(weights, x[month]) - x[month + 1]).square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return weights


# %%
from charlstm.variants.naive import rmse


def errors(weights, scale):
    """Return the error in training and in the test for each seed, (S, 2)."""
    x = torch.tensor((passengers - scale.shift) / scale.factor)
    with torch.no_grad():
        said = one_step(weights, x[None].expand(len(weights[0]), -1)).numpy()
    said = said * scale.factor + scale.shift
    parts = slice(0, CUT - 1), slice(CUT - 1, -1)  # of the months that are read
    return np.array([[rmse(row[p], passengers[1:][p]) for p in parts] for row in said[:, :-1]])


# %%
parts = {"with the leak": passengers, "without": passengers[:CUT]}
scales = {name: Scale(part.min(), np.ptp(part)) for name, part in parts.items()}
networks, by_scale = {}, {}
for name, scale in scales.items():
    networks[name] = article(scale, range(1 if FAST else 10))
    by_scale[name] = errors(networks[name], scale)
    print(f"{name}: training", *(f"{error:.1f}" for error in by_scale[name][:, 0]))
    print(f"{'':{len(name)}}  test    ", *(f"{error:.1f}" for error in by_scale[name][:, 1]))
    print(f"{'':{len(name)}}  means   ", *(f"{error:.1f}" for error in by_scale[name].mean(0)))

# %% [markdown]
# With the leak, ten seeds come out where the article does: 23 thousand in training, and 49 in the
# test. (We judge all 48 months of the test part. The article leaves out two of them.) Without the
# leak the test error is larger in every seed. So some of what the article reports was bought with
# knowledge of the future.
#
# ## The rules that it must beat
#
# Now the rules. Each reads only what came before the month that it forecasts. What it fits, it fits
# on the training part.
#
# - *Last month*: as many as in the last month.
# - *Last year*: as many as in the same month last year.
# - *Last year, grown*: the same, times the growth that the last month had over its own last year.
# - *Line and seasons*: a straight line and a number for each of the twelve months, chosen so that
#   the sum of the squared errors in training is smallest (*least squares*).
#   It reads nothing after the cut: it forecasts four years at once.
# - *The same on logs*: then the seasons grow with the level.
# - *Autoregression*: a weighted sum of the last 13 months, by least squares, on logs.

# %%
logs = np.log(passengers)
rules = {
    "last month": naive.last_season(passengers, CUT),
    "last year": naive.last_season(passengers, CUT, 12),
    "last year, grown": passengers[CUT - 12 : -12] * passengers[CUT - 1 : -1] / passengers[CUT - 13 : -13],
    "line and seasons": naive.line_and_seasons(passengers, CUT, 12),
    "the same on logs": np.exp(naive.line_and_seasons(logs, CUT, 12)),
    "autoregression": np.exp(naive.autoregression(logs, CUT, 13)),
}  # fmt: skip
of_rule = {name: rmse(forecasts, passengers[CUT:]) for name, forecasts in rules.items()}
for name, error in of_rule.items():
    print(f"{name:17} {error:5.1f} thousand")

# %% [markdown]
# The order is plain. **The LSTM of the articles loses to the same month last year**, in every seed,
# with the leak and without. Without the leak it loses to last month, too. A weighted sum of 13
# months has less than a third of its error. The line and seasons are about as good as the LSTM. But
# they forecast four years at once and read nothing on the way, while the LSTM was told last month's
# number each time.

# %% tags=["cover"] alt="airline passengers, the forecasts of an LSTM that lag one month behind, and a sum of 13 months that is close"
scale = scales["without"]
x = torch.tensor((passengers - scale.shift) / scale.factor)[None].expand(
    len(networks["without"][0]), -1
)
of_lstm = one_step(networks["without"], x).detach().numpy()[0] * scale.factor + scale.shift
plots.curves(
    {"truth": (years[CUT:], passengers[CUT:]), "LSTM of the articles": (years[CUT:], of_lstm[CUT - 1 : -1]),
     "autoregression": (years[CUT:], rules["autoregression"])},
    "year", "passengers, thousands", "one month ahead",
)  # fmt: skip

# %% [markdown]
# From afar the LSTM's line looks good: it has the right shape. It is the truth, one month late, and
# too low at the top. A picture of forecasts hides this, and a rule such as "last month" shows it.
#
# Since the network is a function of one number, we can draw the whole network:

# %%
low, high = passengers[:CUT].min(), passengers[:CUT].max()
read = np.linspace(50, 700, 40)
x = torch.tensor((read - scale.shift) / scale.factor)[None].expand(1, -1)
says = one_step([w[:1] for w in networks["without"]], x).detach().numpy()[0]
plots.curves(
    {"LSTM of the articles": (read, says * scale.factor + scale.shift), "the same number": (read, read),
     "highest number in training": ([high, high], [50, 700])},
    "passengers this month, thousands", "forecast, thousands",
)  # fmt: skip

# %% [markdown]
# It has learnt to say about the same number again. Near the highest number of the training part its
# line bends away: sigmoids and tanhs end at 1, and nothing has taught it what comes beyond.
# Of the 48 months that it reads for the test, 20 lie there.
#
# ### With more than one month
#
# Is a longer look-back the cure? We take our own `Forecaster`, with 8 units and no leak, and let it
# read a year. Then we use what we know about the series: we let it forecast the *change* of the
# logarithm from one month to the next. In a third try it forecasts the change from the same month
# last year. There it reads two of these changes only, because the seasons are already taken out.


# %%
def forecast(series, back, look_back, steps=STEPS // 3):
    """Return the errors in training and test for each seed; `back` makes passengers of forecasts."""
    cut = CUT - (len(passengers) - len(series))
    table = []
    for seed in SEEDS:
        model = Forecaster(look_back, Scale.of(series[:cut]), hidden_size=8, seed=seed)
        for _ in fit_forecast(
            model, series[:cut], FitOptions(steps=steps, batch_size=32, seed=seed)
        ):
            pass
        said = back(model.predict(series), np.arange(144 - len(series) + look_back, 144))
        truth, n = passengers[-len(said) :], CUT - 144
        table.append([rmse(said[:n], truth[:n]), rmse(said[n:], truth[n:])])
    return np.array(table)


# %%
ways = {
    "the number": (passengers, lambda said, t: said, 12),
    "change from last month": (np.diff(logs), lambda said, t: passengers[t - 1] * np.exp(said), 12),
    "change from last year": (logs[12:] - logs[:-12], lambda said, t: passengers[t - 12] * np.exp(said), 2),
}  # fmt: skip
by_way = {name: forecast(*way) for name, way in ways.items()}
for name, table in by_way.items():
    print(f"{name:23} training {table[:, 0].mean():4.1f}, test", *(f"{e:.1f}" for e in table[:, 1]))

# %% [markdown]
# With twelve months and the plain numbers, the error in training falls, and the test becomes a
# disaster. The network has learnt the years that it saw, and then come heights that it never saw.
# The change of the logarithm has no such heights. Now the forecasts are useful, but the
# autoregression is still better, with 14 weights. With the change from last year, growth and
# seasons are already taken out. Then the LSTM is about as good as "last year, grown". It has found
# nothing new: the person who prepared the numbers already knew all of it.
#
# So the simple rules win. The series is simple: it grows by a factor and repeats its year. Whoever
# knows this can write it down. The network must find it in 96 numbers, and the test brings numbers
# that are unlike all of them. Is the reason that there are so few, or that the future is unlike the
# past? Here we have not separated the two. But can a hundred numbers ever be enough for an LSTM?
# The next series tells.
#
# ## A series in which an LSTM wins
#
# M. Mackey and L. Glass (1977) described how the number of blood cells swings when the body reacts
# late:
#
# $$\frac{dx}{dt} = \frac{0.2 \, x(t - 17)}{1 + x(t - 17)^{10}} - 0.1 \, x(t)$$
#
# It never repeats, it does not grow, and no weighted sum of past numbers says what comes: the
# equation bends. We take a number every 6 units of time, and add noise with a deviation of 0.01. No
# forecaster can have a smaller error than that noise, in the long run.

# %%
from charlstm.variants.series import mackey_glass

START, NOISE = 2000, 0.01  # numbers before the test, at most


def chaos(seed):
    series = mackey_glass(START + 1000, seed=seed)
    return series + np.random.default_rng(seed).normal(0, NOISE, len(series))


plots.curves({"": (np.arange(200), chaos(0)[:200])}, "t", "x")

# %% [markdown]
# We train on the last 100, 300, 1000 or 2000 numbers before the test, to see how many the LSTM
# needs. Its rivals are the last number, a line with seasons of 8 numbers (about one swing), and
# autoregressions of 4, 8, 16 and 32 numbers. Of these we take the one that is best *in the test*.
# That is not fair. It helps the rival.
#
# **Guess:** from how many numbers on does the LSTM win?

# %%
LOOK_BACK = 16


def trained(series, seed, look_back=LOOK_BACK, hidden_size=32):
    """Return a forecaster of a series that is all training part."""
    model = Forecaster(look_back, Scale.of(series), hidden_size=hidden_size, seed=seed)
    for _ in fit_forecast(model, series, FitOptions(steps=STEPS, batch_size=32, seed=seed)):
        pass
    return model


# %%
SIZES = (100, 300, 1000, 2000)
chaotic = {}
kinds = ("LSTM", "autoregression", "last number", "line and seasons")
by_size = {kind: {size: [] for size in SIZES} for kind in kinds}
for seed in SEEDS:
    for size in SIZES:
        series = chaos(seed)[START - size :]
        chaotic[seed] = model = trained(series[:size], seed)  # the last one stays
        sums = [naive.autoregression(series, size, order) for order in (4, 8, 16, 32)]
        by_size["LSTM"][size].append(rmse(model.predict(series)[size - LOOK_BACK :], series[size:]))
        by_size["autoregression"][size].append(min(rmse(said, series[size:]) for said in sums))
        simple = naive.last_season(series, size), naive.line_and_seasons(series, size, 8)
        for kind, said in zip(kinds[2:], simple, strict=True):
            by_size[kind][size].append(rmse(said, series[size:]))

# %%
print("numbers for training", *(f"{size:7}" for size in SIZES))
for kind, row in by_size.items():
    print(f"{kind:20}", *(f"{np.mean(of):7.4f}" for of in row.values()))
plots.by_seed(by_size, "numbers for training", "error of the test, each seed a dot")

# %% [markdown]
# **Here the LSTM wins**, in every seed and by a wide margin, already with a hundred numbers! So a
# hundred numbers can be enough. Here the future is like the past, and there is something to find
# that a sum cannot say. (This is another series. It does not tell why the LSTM lost on the
# airline.)
#
# Is it the *memory* of the LSTM that wins? We ask a network without any: the 16 numbers of the
# window go side by side through two layers of tanh.

# %% jupyter={"source_hidden": true}
# Folded: the test error of a network that reads the window at once
from charlstm.variants.fitting import fit_batches
from charlstm.variants.forecast import windows


def feed_forward(series, seed):
    """Return the test error of a network that reads the window at once."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = torch.nn.Sequential(
            torch.nn.Linear(LOOK_BACK, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64),
            torch.nn.Tanh(), torch.nn.Linear(64, 1),
        )  # fmt: skip
    scaled = Forecaster(LOOK_BACK, Scale.of(series[:START])).scaled
    inputs, targets = map(scaled, windows(series[:START], LOOK_BACK))

    def loss_of(rng):
        rows = torch.from_numpy(rng.integers(len(inputs), size=32))
        return (net(inputs[rows])[:, 0] - targets[rows]).square().mean()

    list(fit_batches(net, loss_of, FitOptions(steps=STEPS, learning_rate=0.005, seed=seed)))
    said = net(scaled(windows(series, LOOK_BACK)[0]))[:, 0] - scaled(series[LOOK_BACK:])
    return said[START - LOOK_BACK :].square().mean().sqrt().item() * series[:START].std()


# %%
at_once = [feed_forward(chaos(seed), seed) for seed in SEEDS]
print("LSTM        ", *(f"{error:.4f}" for error in by_size["LSTM"][START]))
print("feed-forward", *(f"{error:.4f}" for error in at_once))

# %% [markdown]
# It is as good, and it trains in less time. The window holds all that is needed, so no network has
# to remember. What wins is that both can bend. Whoever recommends an LSTM for a series should hold
# it against such a network, too.
#
# ### Further ahead
#
# A character model writes by reading its own letters. A forecaster looks further ahead in the same
# way: it reads its own forecasts. Small errors become inputs. In a *chaotic* series, such as this
# one, small differences grow until they are as large as the swings. Here are the errors for each
# seed, and a forecast of the last one. (Each error comes from 9 forecasts only. So the first
# columns go up and down by chance, and one is even below the noise of 0.01.)

# %%
AHEAD, starts = 60, range(START, START + 900, 100)
ahead = []
print("numbers ahead       1     5    10    20    40    60    deviation of the series")
for seed, model in chaotic.items():
    series = chaos(seed)
    said = model.forecast(np.stack([series[t - LOOK_BACK : t] for t in starts]), AHEAD)
    truth = np.stack([series[t : t + AHEAD] for t in starts])
    ahead.append(np.sqrt(((said - truth) ** 2).mean(0)))
    told = " ".join(f"{ahead[-1][k - 1]:.3f}" for k in (1, 5, 10, 20, 40, 60))
    print(f"error, seed {seed}   {told}    {series.std():.3f}")

# %%
t = np.arange(AHEAD)
plots.curves({"truth": (t, truth[0]), "forecast": (t, said[0])}, "numbers ahead", "x")

# %% [markdown]
# ## Faults, found by surprise
#
# Lesson 9 found typing errors by surprise. The same works with numbers: where the forecast is wrong
# by much more than usual, something is odd. What is usual may change along a series. So we divide
# the error by its running level, by the same function that takes the level of surprise in a text.
#
# The series is made for this: 24 numbers a day, with the shape of a day, whose level and height
# wander. Into the test part we plant three kinds of faults: a *spike* (one wrong number), a *shift*
# (from here on all is higher, or lower), and a *missing season* (a day without its shape).

# %%
from charlstm.insight.surprise import level
from charlstm.text.typos import best_threshold, judge
from charlstm.variants.series import hourly, plant

DAY, LEARNT = 24, 2400


# %%
def forecasts_of(series, model):
    """Return what three forecasters say about the test part."""
    return {
        "LSTM": model.predict(series)[LEARNT - model.look_back :],
        "yesterday": naive.last_season(series, LEARNT, DAY),
        "autoregression": naive.autoregression(series, LEARNT, 2 * DAY),
    }


# %%
def alarms(series, faults_seed, model):
    """Return the spoilt test part, its faults, and how much each number surprises a forecaster."""
    spoilt, faults = plant(series[LEARNT:], 15, DAY, sizes=(10.0, 10.0), seed=faults_seed)
    said = forecasts_of(np.concatenate([series[:LEARNT], spoilt]), model)
    errors = {name: np.abs(spoilt - forecasts) for name, forecasts in said.items()}
    return spoilt, faults, {name: error / level(error) for name, error in errors.items()}


# %% [markdown]
# The threshold is chosen with one set of faults, and judged with another one, as in lesson 9.
# *Precision* is the share of the alarms that are right, *recall* the share of the faults that are
# found, F1 their harmonic mean. An alarm within a day after a shift is right.
#
# **Guess:** which forecaster finds the most? The rivals of the LSTM are the number of the same hour
# yesterday, and a weighted sum of the last two days.


# %%
def judged_by(faults, scores, least):
    """Return precision, recall, F1, and the recall of each kind of fault."""
    kinds = ("spike", "shift", "missing season")
    by_kind = [judge([f for f in faults if f.kind == kind], scores, least).recall for kind in kinds]
    result = judge(faults, scores, least)
    return [result.precision, result.recall, result.f1, *by_kind]


# %%
found, thresholds, without_faults = {}, {}, {}
for seed in SEEDS:
    series = hourly(LEARNT + 4400, seed)
    model = trained(series[:LEARNT], seed, 2 * DAY, 16)
    for name, said in forecasts_of(series, model).items():
        without_faults.setdefault(name, []).append(rmse(said, series[LEARNT:]))
    _, chosen, first = alarms(series, 100 + seed, model)
    spoilt, faults, judged = alarms(series, seed, model)
    for name, scores in judged.items():
        thresholds[name] = best_threshold(chosen, first[name])
        row = judged_by(faults, scores, thresholds[name])
        found.setdefault(name, []).append(row)

# %%
print("means of the seeds  precision  recall    F1   spike  shift  missing season")
for name, table in found.items():
    print("{:19} {:9.2f} {:7.2f} {:5.2f} {:7.2f} {:6.2f} {:15.2f}".format(name, *np.mean(table, 0)))
print("each seed           F1                          error of the forecasts, without faults")
for name, table in found.items():
    errors = " ".join(f"{error:.2f}" for error in without_faults[name])
    print(f"{name:19}", *(f"{row[2]:.2f}" for row in table), f"   {errors}")

# %% [markdown]
# On average and in most seeds the LSTM does better than the rule "as yesterday". The weighted sum
# does better than the LSTM, in every seed. We made this series of sums, so a sum is the right
# forecaster for it. Mostly the better forecast gives the better alarms. But in one seed it does
# not: in the third, the LSTM forecasts better than the rule "as yesterday", and its alarms are
# worse. And by kind it can be otherwise: on average the rule finds more of the missing days than
# the other two. The other two also read the flat numbers, and soon forecast a flat line. The rule
# still expects yesterday's shape.
#
# Here are the first 25 days of the last seed's test part, and what surprises the LSTM in them. A
# vertical line stands where a fault begins.

# %%
t = np.arange(600)
starts = np.array([fault.start for fault in faults if fault.start < 600])


def marks(low, high):
    """Return vertical lines where faults begin."""
    return np.repeat(starts, 3), np.tile([low, high, np.nan], len(starts))


plots.curves({"series": (t, spoilt[t]), "a fault begins": marks(80, 150)}, "t, hours", "")

# %%
plots.curves(
    {"error over its level": (t, judged["LSTM"][t]), "a fault begins": marks(0, 12),
     "alarm above": (t[[0, -1]], np.full(2, thresholds["LSTM"]))},
    "t, hours", "",
)  # fmt: skip

# %% [markdown]
# ## The same in a text
#
# In a text, the error of a forecast is the surprise of the letter that came, and the level is that
# of the text around it. `insight.surprise` has both. Here a Dutch sentence was planted into a tale:

# %%
from charlstm import Checkpoint, Sampler, find_model, read_corpus
from charlstm.insight.repairs import read_and_repair
from charlstm.insight.surprise import stands_out

tale = read_corpus("tales").text[-3000:-2100]
tale = tale[tale.index("\n\n") + 2 : tale.rindex(".") + 1]
cut = tale.index(". ", 300) + 2
odd = (
    tale[:cut] + "Het water steeg langzaam en de boer keek zwijgend naar zijn velden. " + tale[cut:]
)
reader = Sampler(Checkpoint.load(find_model("tales")))
nats, _ = read_and_repair(reader, odd)
spans = stands_out(reader, odd)
text_plots.surprise(odd, nats, spans, "a tale with a planted sentence")

# %% [markdown]
# Most of the Dutch sentence stands out as a passage. A name and a few letters elsewhere stand out,
# too: a small model does not expect a Yurema or a llama. Lesson 9 counts how much of this is found,
# and how many alarms are false.
#
# ## And convolutions before an LSTM
#
# Articles, on series and on texts, often put a *convolution* before the LSTM: filters that look at
# a few numbers or letters at once, so that the LSTM reads pieces. In a generator the filters must
# be *causal*: none may see a letter that comes later. `charlstm.variants.convolution` does this for
# letters. Does it help?
#
# `python notebooks/lessons/data/convolution.py` trains networks on two texts, with 64 filters that
# see 1, 2 or 4 letters, and without. Filters have weights and take time. So the LSTM behind them
# gets fewer units and fewer steps, until all networks have as many weights and train for the same
# time. The script's file, `data/convolution.csv`, has a row for each training, with five seeds.

# %%
import csv

with open("data/convolution.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
held_out = {}
print("nats per letter, each window from the zero state (cold), for each seed")
for row in rows:
    held_out.setdefault((row["text"], row["model"]), []).append(float(row["cold"]))
for (text, name), nats in sorted(held_out.items()):
    print(f"{text:16} {name:16}", *(f"{value:.3f}" for value in nats))

# %% [markdown]
# It helps on neither text, and in no seed: the plain LSTM is the best each time. Filters that see
# several letters are mostly worse than those that see one, which are no convolution at all. (Once,
# in one seed of tinyshakespeare, two letters are a little better than one.) An LSTM that reads
# every letter has the last letters in its state anyway. We have tried this size and this learning
# rate only, and this is no proof for others. (A convolution can also *shorten* a text, by leaving
# out places. That is what it is for in many articles, but a generator must say each letter.)

# %% [markdown]
# ## Exercises
#
# **1.** Write the rule "last year, grown" for any period: the number one season ago, times the
# growth that the last number had over its own last season. It gets all numbers so far, and returns
# the next.

# %%
from charlstm.notebook.exercises import check


def grown(so_far, period):
    raise NotImplementedError


check(
    grown,
    [((np.array([1.0, 2.0, 3.0, 2.0, 4.0]), 3), 6.0), ((2.0 ** np.arange(9), 4), 512.0),
     ((passengers[:100], 12), rules["last year, grown"][4])],
)  # fmt: skip

# %% [markdown]
# **2.** The *skill* of a forecast is the share of a rival's mean squared error that it saves: 1 for
# a perfect forecast, 0 for one that is as good as the rival, below 0 for one that is worse. Compute
# it.


# %%
def skill(forecasts, rival, truth):
    raise NotImplementedError


truth = passengers[CUT:]
check(
    skill,
    [((truth, rules["last year"], truth), 1.0), ((rules["last year"],) * 2 + (truth,), 0.0),
     ((rules["last month"], rules["last year"], truth), 1 - (of_rule["last month"] / of_rule["last year"]) ** 2)],
)  # fmt: skip

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def grown(so_far, period):
#     return so_far[-period] * so_far[-1] / so_far[-1 - period]
#
# def skill(forecasts, rival, truth):
#     return 1 - np.mean((forecasts - truth) ** 2) / np.mean((rival - truth) ** 2)
# ```
#
# The last case of the second is negative: in this series last month is a worse rule than last year.
# </details>
#
# ## Summary
#
# - A forecaster is a character model whose read-out is one number, and whose loss is the squared
#   error.
# - Whatever is fitted, the scale too, is fitted on the training part alone.
# - An LSTM with a look-back of 1 that starts from zero has no memory.
# - On the airline's passengers the LSTM of the articles loses to "the same month last year". With
#   numbers that were prepared by somebody who knows the series, it is as good as the simple rules.
# - A network cannot forecast heights that it never saw. Forecast changes instead.
# - On a chaotic series it wins by far, even with a hundred numbers. So does a feed-forward network.
# - Surprise finds faults in numbers as in letters. Mostly the better forecast finds them better.
# - Convolutions before an LSTM did not help at equal weights and time.
#
# **Where to read on.** S. Makridakis, E. Spiliotis and V. Assimakopoulos, *Statistical and machine
# learning forecasting methods: concerns and ways forward* (2018), hold networks against simple
# rules on a thousand series. R. Hyndman and G. Athanasopoulos, *Forecasting: principles and
# practice*, teach the rules. Next: [13. Which cell, which size?](13-which-cell-which-size.ipynb),
# if you want to choose such networks yourself.
