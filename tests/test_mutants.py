"""Mutants: each puts a mistake into the code on purpose, and some test must fail.

`-m slow` runs those that the date draws, so that CI takes no longer as they become more. `-m "slow or
long"` runs all.
"""

import os
import random
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DRAWN = 50  # mutants a day

# what is broken, the file, the right text, the wrong text, the tests that must notice
MUTANTS = [
    ("nothing", "model/cells", "activation(u", "activation(u", "model/test_cells.py"),  # without a mistake, the tests pass on the copy
    ("input and forget gate swapped", "model/cells", "sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)", "sigmoid(f), sigmoid(i), tanh(g), sigmoid(o)", "model/test_cells.py"),
    ("output gate sees the old cell", "model/cells", "p_o * c)", "p_o * state[1])", "model/test_cells.py"),
    ("reset before the product", "model/cells", "r * h_n", "h_n", "model/test_cells.py"),
    ("recurrent bias dropped", "model/cells", "split(h @ p.weight_hh.T + p.bias_hh, 3)", "split(h @ p.weight_hh.T, 3)", "model/test_cells.py"),
    ("recurrent weight transposed", "model/cells", "activation(u + h @ p.weight_hh.T", "activation(u + h @ p.weight_hh", "model/test_cells.py"),
    ("the lower layers' outputs lost", "model/cells", "features + inputs if new_state", "inputs if new_state", "model/test_cells.py -k layers"),
    ("coupled rows not negated", "model/kernels", "torch.cat((-w[", "torch.cat((w[", "model/test_kernels.py"),
    ("state in the wrong order", "model/kernels", "return outputs, (h[0], c[0])", "return outputs, (c[0], h[0])", "model/test_kernels.py"),
    ("kernel without a start", "model/kernels", "stacked = [s.unsqueeze(0)", "stacked = [0 * s.unsqueeze(0)", "model/test_kernels.py"),
    ("another gate starts open", "model/initial", 'if gate == "f":', 'if gate == "i":', "model/test_initial.py"),
    ("kept weights not scaled up", "model/dropout", ".mul_(256 / (256 - zeros))", "", "model/test_dropout.py -k byte"),
    ("a module of one of the five", "model/named_cells", "if name not in _registered", "if name not in CELLS | _registered", "model/test_named_cells.py -k told"),
    ("equal lines on both sides of a split", "text/split", "keys = [each.strip() for each in units]", "keys = [str(k) for k, _ in enumerate(units)]", "text/test_split.py -k no_line"),
    ("lines drawn in an order of their own", "text/split", "digest_size=8).digest()", "digest_size=9).digest()", "text/test_split.py -k for_ever"),
    ("chance in a short text taken for order", "text/order", "CHANCE = 10.0", "CHANCE = 0.0", "text/test_order.py -k prose"),
    ("options told that all runs share", "plot", "if len({*each}) > 1", "if len({*each}) > 0", "commands/test_plot.py -k differ"),
    ("damaged ids on disk are used", "text/prepared", "if not np.array_equal(how_often", "if False and not np.array_equal(how_often", "text/test_prepared.py -k whole"),
    ("every text told as a sorted list", "text/order", "if nats <= APART", "if False and nats <= APART", "text/test_order.py -k shipped"),
    ("a moved text cut by position", "model/own_text", "if own else in_order", "if False else in_order", "commands/test_evaluate.py -k lines_that_were_drawn"),
    ("a person's card overwritten", "training/card", "not is_signed(path)", "not path.is_file()", "training/test_card.py -k changed"),
    ("a name that ends its YAML string", "training/card", "and c not in '\"\\\\'", "", "training/test_card.py -k any_name"),
    ("a page with names as markup", "plot", "{html.escape(cell)}", "{cell}", "commands/test_plot.py -k data"),
    ("the norms of an earlier stretch counted again", "training/progress", "self.loss_sum = self.norm_sum = 0.0", "self.loss_sum = 0.0", "training/test_progress.py -k norms"),
    ("temperature multiplied", "sampling/choose", "min(1 / temperature", "min(temperature", "sampling/test_choose.py -k distribution"),
    ("top-p cuts one too many", "sampling/choose", "ranked[before >=", "ranked[before + ranked >", "sampling/test_choose.py -k distribution"),
    ("min-p before the temperature", "sampling/choose", "share[share < min_p]", "share[np.exp(logits - most) < min_p]", "sampling/test_choose.py -k min_p"),
    ("the seeds of the first batch in each", "sample", "*asked, first)", "*asked, 0)", "commands/test_sample.py -k room_for -m slow"),
    ("one generator for all samples", "sampling/chooser", "_seed_of(seed, place)", "_seed_of(seed, rows)", "sampling/test_chooser.py -k alone"),
    ("runs told by their upper bits", "sampling/bans", "hash & SIXTY_BITS", "hash >> np.uint64(4)", "sampling/test_bans.py"),
    ("a copy one too long", "sampling/bans", "Newest(longest, number, prime)\n        self._in_original = Followers(original, longest)", "Newest(longest + 1, number, prime)\n        self._in_original = Followers(original, longest + 1)", "sampling/test_bans.py -k allowed"),
    ("a stop text that never comes waited for", "sampling/stop", 'text or ""', '""', "sampling/test_stop.py -k never"),
    ("a key that cannot be taken back", "sampling/interactive", "self._moments.pop()", "pass", "sampling/test_interactive.py -k afresh"),
    ("known lines taken for new", "sampling/items", "in_text and self.new_only", "False", "sampling/test_items.py -k only_new"),
    ("an accent's letter forgotten", "text/normal_forms", "start -= 1", "break", "text/test_normal_forms.py -k form_that"),
    ("the sampler opens another gate", "sampling/lstm", "i *= g", "i *= f", "sampling/test_lstm.py"),
    ("state lost between windows", "training/windows", "if hidden is None or", "if True or", "training/test_trainer.py -k carried"),
    ("an unsafe half file used", "text/prepared", "if path.with_suffix(\".ids\").stat().st_size !=", "if 0 ==", "text/test_prepared.py -k whole"),
    ("the limit forgotten in the key", "text/prepared", "digest, how)", "digest)", "text/test_prepared.py -k another_way"),
    ("the header before the ids", "text/prepared", "_write(path, (table", "list((table", "text/test_prepared.py -k memory"),
    ("a character of two chunks torn", "text/decoded", "final=not chunk", "final=True", "text/test_decoded.py -k borders"),
    ("an offset within the chunk", "text/decoded", "read - len(held) + error.start", "error.start", "text/test_decoded.py -k error"),
    ("a packed file taken by its name", "text/archives", 'if start.startswith(b"\\x1f\\x8b"):', "if start == b'x':", "text/test_archives.py -k packed"),
    ("a mark learnt as a character", "text/decoded", "start[len(mark) :]", "start", "text/test_decoded.py -k marks"),
    ("files run into each other", "text/decoded", "missing, before = part.line_end(), encoding", "pass", "text/test_decoded.py -k marks"),
    ("compressed bytes learnt as latin-1", "text/kinds", "or few_controls(text):", "or True:", "text/test_kinds.py -k compressed"),
    ("a run read as text", "text/folders", '"a run of charlstm" if is_run(path) else ""', '""', "text/test_folders.py -k training"),
    ("a longer text not known again", "model/own_text", "if self._begins_so():", "if False:", "model/test_own_text.py -k grown"),
    ("stretches scored from the zero state", "measuring/sampled", "seen)[:, BEFORE:]", "seen)[:, :LENGTH]", "measuring/test_sampled.py -k by_hand"),
    ("an interval of windows, not of stretches", "measuring/sampled", "math.sqrt(len(means))", "math.sqrt(nats.size)", "measuring/test_sampled.py"),
    ("the first budget's steps counted in the second", "training/trainer", "- progress.begun_step,", "- 0,", "training/test_trainer.py -k budget"),
    ("a step back forgets the second budget", "training/trainer", "self.progress.begin_budget()\n        self.good = Snapshot.of(self)", "self.progress.begin_budget()", "training/test_trainer.py -k step_back"),
    ("a further budget lost by a kill", "training/run", "            run.save()  # at once", "            pass  # at once", "training/test_run.py -k at_once"),
    ("a pipe opened as the log", "training/lock", "if os.path.lexists(path) and not", "if False and not", "training/test_log.py -k planted_link"),
    ("another text kept under a digest", "text/prepared", "if reading.sha256 != digest:", "if False:", "text/test_prepared.py -k changes"),
    ("ids beyond the vocabulary passed on from disk", "text/vocabulary", " and ids.bound <= size", "", "test_bad_ids.py -k smaller"),
    ("what a killed writer left kept for ever", "machine/cache", "remove(left)", "pass", "machine/test_cache.py -k killed"),
    ("state not detached", "training/trainer", "tuple(s.detach() for", "tuple(s for", "training/test_trainer.py -k carried"),
    ("all ranks read the first streams", "training/distributed", "slice(self.rank * each, (self.rank + 1) * each)", "slice(each)", "training/test_distributed.py -k rows"),
    ("the state of all ranks in the wrong order", "training/distributed", ".transpose(0, 1).flatten(1, 2)", ".transpose(0, 1).flip(1).flatten(1, 2)", "training/test_distributed.py -k path"),
    ("each rank by its own clock", "training/distributed", "times[0].item()", "times[self.rank].item()", "training/test_distributed.py -k clock"),
    ("a rank that ends left to torchrun", "training/distributed", "ending = self.size > 1\n", "ending = False\n", "training/test_distributed.py -k peace"),
    ("the same masks on all ranks", "training/trainer", "(*seeds, self.ranks.rank)", "seeds", "training/test_distributed.py -k masks"),
    ("the warm-up of whichever is over last", "training/budget", "max((step + 1)", "min((step + 1)", "training/test_budget.py"),
    ("a good state without the best weights", "training/snapshot", "trainer.best = best", "pass", "training/test_snapshot.py"),
    ("vectors decayed too", "training/optimizer", '{"params": vectors, "weight_decay": 0.0}', '{"params": vectors}', "training/test_optimizer.py"),
    ("the average moves as far as in one step", "training/optimizer", "** AVERAGED_STEPS", "", "training/test_optimizer.py -k fourth"),
    ("streams not contiguous", "text/streams", "(index * self.window, (index", "(index * self.window // 2, (index", "text/test_streams.py -k row"),
    ("ids below zero looked up", "text/vocabulary", "array.min() < 0 or array.max() >= size", "array.max() >= size", "test_bad_ids.py"),
    ("an unread validation text", "training/trainer", 'check_predictable(validation_ids, V, "validation_ids")', "validation_ids", "test_bad_ids.py -k Trainer"),
    ("a one-hot of half an id", "model/stack", "ids.dtype not in (torch.int32, torch.int64)", "False", "test_bad_ids.py -k tensor"),
    ("targets not shifted", "text/streams", "self.ids[offset + 1 : offset + 1 +", "self.ids[offset : offset +", "text/test_streams.py -k row"),
    ("true taken for a whole number", "model/section", "type(v) is int and", "isinstance(v, int) and", "model/test_checkpoint.py -k garbled_fact"),
    ("a file that is held given up at once", "machine/atomic_file", "(0.0, *WAITS)", "(0.0,)", "machine/test_atomic_file.py"),
    ("one temporary name for all writers", "machine/atomic_file", ".{secrets.token_hex(8)}.tmp", ".tmp", "machine/test_atomic_file.py -k at_once_each"),
    ("written through a planted link", "machine/atomic_file", 'temporary.open("xb")', 'temporary.open("wb")', "machine/test_atomic_file.py -k link"),
    ("a living writer's file removed", "machine/atomic_file", ".st_mtime < oldest", ".st_mtime > 0", "machine/test_atomic_file.py -k day"),
    ("cold targets not shifted", "measuring/scores", "nats_of(model, tail[None, :-1], tail", "nats_of(model, tail[None, 1:], tail", "measuring/test_scores.py -k cold"),
    ("baselines do not read the text before", "measuring/evaluation", "xz_bits(text, before)", "xz_bits(text)", "measuring/test_evaluation.py -k baselines"),
    ("own text told by its digest alone", "measuring/passage", 'names = ("encoding", "newlines", "bytes", "limit")', "names = ()", "measuring/test_passage.py -k own"),
    ("steps of another preset counted", "training/presets", "lay_over(PRESETS[name].training, training, given)", "training", "training/test_presets.py -k counts"),
    ("a log cut where it stands", "training/log", "write_atomically(path,", "(lambda path, content, _: path.write_bytes(content))(path,", "training/test_log.py -k killed"),
    ("a folder locked in name only", "training/lock", "if not lock_descriptor(descriptor, blocking=False):", "if False:", "training/test_lock.py -k second"),
    ("a lock that outlives its process in a child", "training/lock", "        each.let_go()", "        pass", "training/test_lock.py -k forked"),
    ("a planted link taken for the lock", "training/lock", "flags | NO_LINK", "flags", "training/test_lock.py -k moment"),
    ("a step broken in the middle", "training/interrupt", "signal.signal(signal.SIGINT, lambda number, _: caught.append(number))", "pass", "training/test_interrupt.py"),
    ("half a line left in the log", "training/log", "file.truncate(end)", "pass", "training/test_log.py -k full"),
    ("a step saved before its line of the log", "training/run", 'log.flush(self.folder / "log.jsonl")', "pass", "training/test_power_loss.py -m slow"),
    ("a new folder not on disk", "machine/atomic_file", "        flush_folder(each.parent)", "        pass", "machine/test_atomic_file.py -k outlast"),
    ("a training given up for a second SIGHUP", "training/distributed", "if self.size == 1 and number != HANGUP", "if self.size == 1", "training/test_signals.py"),
    ("nohup not minded", "training/distributed", "if n != HANGUP or signal.getsignal(n) is not signal.SIG_IGN", "", "training/test_signals.py"),
    ("a file in the place of standard error", "errors", "os.dup2(os.open(os.devnull, os.O_RDWR), number)", "pass", "commands/test_closed_streams.py -k number"),
    ("the model's figures not noted", "training/finish", "dataclasses.replace(checkpoint, measured=measured).save(path)", "checkpoint.save(path)", "training/test_finish.py"),
    ("the next whole number below", "coding/fixed_point", "np.rint(products", "np.floor(products", "coding/test_fixed_point.py"),
    ("sums that are not exact", "coding/fixed_point", "if not np.abs(self.units).max()", "if not 0 * np.abs(self.units).max()", "coding/test_fixed_point.py -k refused"),
    ("bytes not expected after bytes", "coding/range_coder", "after = kind", "after = 0", "coding/test_packed.py -k version_1"),
    ("a model told by its sizes alone", "coding/packed", "digest.update(checkpoint.weights[name]", "bytes(checkpoint.weights[name]", "coding/test_packed.py -k apart"),
    ("damage found only after decoding", "coding/packed", "if CRC.pack(zlib.crc32(body)) !=", "if not", "coding/test_packed.py -k damage"),
    ("what is left over goes to the first stream", "measuring/dynamic", "s.detach()[-len(at) :]", "s.detach()[: len(at)]", "measuring/test_dynamic.py -k krause"),
    ("pushed away from the trained weights", "measuring/dynamic", "p.lerp_(origin, back)", "p.lerp_(origin, -back)", "measuring/test_dynamic.py -k krause"),
    ("a place counts itself", "text/ngrams", "np.flatnonzero(asked)", "np.flatnonzero(asked) + 1", "text/test_ngrams.py -k later"),
    ("contexts reach back into the stream before", "text/ngrams", "last[starts - 1] = True", "last[-1:] = True", "text/test_ngrams.py -k another"),
    ("counts follow the text's order", "text/ngrams", "context * len(words) + turn[places]", "context * len(words)", "text/test_ngrams.py -k another"),
    ("words stand on the longest rung", "text/ngrams", "chance, logs = foot", "pass", "text/test_ngrams.py -k leaning"),
    ("a place knows its own character", "text/contexts", "max(0, i - 4) : i]", "max(0, i - 4) : i + 1]", "text/test_contexts.py -k before"),
    ("the gate goes downhill", "measuring/gate", "+= RATE * gradient", "-= RATE * gradient", "measuring/test_gate.py"),
    ("one weight for all degrees of confidence", "measuring/gate", "self._starts + confidence", "self._starts + 0 * confidence", "measuring/test_gate.py"),
    ("facts share their terms", "measuring/gate", "(self._rows + facts)", "(0 * self._rows + facts)", "measuring/test_gate.py"),
    ("nothing was expected", "measuring/corrections", "self._sums[rows, 1] += chances", "self._sums[rows, 1] += 0 * chances", "measuring/test_corrections.py -k sums"),
    ("the mixture is told the character", "measuring/mixture", "ids[place - 1], longest", "ids[place], longest", "measuring/test_mixture.py -k later"),
    ("words reach back into the stream before", "measuring/mixture", "np.split(ids, starts[1:])", "np.split(ids, starts[:0])", "measuring/test_mixture.py -k later"),
    ("what is added and taken cancels out", "measuring/mixture", "np.abs(np.add.reduceat(terms, starts))", "np.add.reduceat(terms, starts)", "measuring/test_mixture.py -k score"),
    ("pieces over the border counted", "text/novelty", "found[: size - length + 1]", "found[:size]", "text/test_novelty.py"),
    ("lags in the wrong order", "insight/gradients", "[::-1].transpose", ".transpose", "insight/test_gradients.py -k finite"),
    ("a gate recorded as another", "model/cells", "watch(f=f, g=g, o=o)", "watch(f=g, g=f, o=o)", "insight/test_activations.py -k loop"),
    ("a unit tested on what has chosen it", "insight/neurons", "for half in (first, second))", "for half in (first, first))", "insight/test_neurons.py -k second"),
    ("equal numbers ranked apart", "insight/following", "ordered[:, 1:] != ordered[:, :-1]", "True", "insight/test_following.py -k equal"),
    ("a yes no larger than a no counted", "insight/following", "ranks(values.T).T - number * (number + 1) / 2", "ranks(values.T).T - number", "insight/test_following.py -k pairs"),
    ("shuffled features left where they are", "insight/neurons", "np.roll(own[x], shift)", "np.roll(own[x], 0)", "insight/test_neurons.py -k shuffled"),
    ("the control has learned", "insight/neurons", "control = search(fresh,", "control = search(checkpoint,", "insight/test_neurons.py -k planted_and"),
    ("a falling unit counted as a rising one", "insight/neurons", "else 2 * self.measure.chance - unit.tested", "else unit.tested", "insight/test_neurons.py -k direction"),
    ("rounding counted as movement", "insight/following", "of_unit > 1e-6 * np.sqrt(squares)", "of_unit > -1", "insight/test_following.py -k never"),
    ("a trace of another unit", "insight/activations", "values[layer][name][unit] for", "values[layer][name][0] for", "insight/test_activations.py -k trace"),
    ("brackets open for ever", "insight/features", "opened.clear()", "pass", "insight/test_features.py -k depth"),
    ("a repair pays for letters past its end", "insight/repairs", "np.where(k < lengths[left], more, 0.0)", "more", "insight/test_repairs.py -k every"),
    ("the state after the place, not before it", "insight/repairs", "before = places, logs, state", "before = places, logs, reader.step(ids[places], state)[1]", "insight/test_repairs.py -k every"),
    ("another letter occluded", "insight/attribution", "old + K * (t + 1), t] = others", "old + K * (t + 1), t // 2] = others", "insight/test_attribution.py -k again"),
    ("a stabiliser towards 0", "insight/relevance", "sums < 0, -EPSILON, EPSILON", "sums < 0, EPSILON, -EPSILON", "insight/test_relevance.py -k stabiliser"),
    ("the zero state gets relevance", "insight/relevance", "(self.h.shape[1] if t else 0)", "self.h.shape[1]", "insight/test_relevance.py -k sums"),
    ("a logit compared with nothing", "insight/blame", "direction -= 1 / V", "direction -= 0 / V", "insight/test_attribution.py -k again"),
    ("a slope without its letter", "insight/attribution", "(found[0] @ xs[t]).numpy()", "found[0].sum(1).numpy()", "insight/test_attribution.py -k gradient"),
    ("a passage that never ends", "insight/surprise", "elif total <= 0 or total < top - CALM:", "elif total <= 0:", "insight/test_surprise.py -k two_passages"),
    ("wrong alarms side by side counted apart", "text/typos", "prepend=-NEAR - 1) > NEAR).sum()", "prepend=-NEAR - 1) > 0).sum()", "text/test_typos.py -k elsewhere"),
    ("faint blame drawn", "notebook/text_plots", "np.abs(shown) < FAINT", "np.abs(shown) < 0", "notebook/test_text_plots.py -k blame"),
    ("letters above 0 stand on a line", "notebook/text_plots", "places[drawn < 0]", "places[drawn > 0]", "notebook/test_text_plots.py -k letters"),
    ("a blank that reads itself", "variants/bidirectional", "features[:, :-1], (0, 0, 1, 0)", "features, (0, 0, 0, 0)", "variants/test_bidirectional.py"),
    ("filled blanks filled again", "variants/filling", "logs[near[:, places] != V] = -torch.inf", "logs[near[:, places] != V] += 0", "variants/test_filling.py"),
    ("attention over targets, not over letters", "variants/attention", "scores.softmax(2)", "scores.softmax(1)", "variants/test_attention.py"),
    ("a decoder that starts from zero", "variants/encoder_decoder", "self.decoder(x, encoded.state, rng)", "self.decoder(x, None, rng)", "variants/test_encoder_decoder.py"),
    ("the sum of nats, so short texts win", "variants/decoding", "float(self.nats.mean())", "float(self.nats.sum())", "variants/test_decoding.py"),
    ("filters that forget the characters before", "variants/convolution", "(before.view(B, -1, self.width)", "(0 * before.view(B, -1, self.width)", "variants/test_convolution.py"),
    ("forecasts left in units of the scale", "variants/forecast", "np.concatenate(pieces) * self.scale.factor + self.scale.shift", "np.concatenate(pieces)", "variants/test_forecast.py"),
    ("the same month of this year", "variants/naive", "series[start - period : len(series) - period]", "series[start:]", "variants/test_naive.py"),
    ("the batches of all steps alike", "variants/fitting", "(options.seed, progress.step)", "(options.seed, 0)", "variants/test_fitting.py"),
    ("a network of another kind read", "variants/saving", "check_weights(path, arrays, shapes)", "pass", "variants/test_saving.py"),
    ("moments of another shape", "training/snapshot", "(tensor.shape, tensor.dtype) != (like.shape, like.dtype)", "tensor.shape == ()", "training/test_snapshot.py -k shape"),
    ("a state of another batch", "model/stack", "[tuple(s.shape) for s in state] != wanted", "len(state) != len(wanted)", "model/test_stack.py -k reaches"),
    ("brackets counted only as they close", "model/array_file", "steps = (1 if bracket", "steps = (0 if bracket", "model/test_array_file.py -k bounds"),
    ("weights of any size", "model/array_file", "<= LARGEST_WEIGHT", "< np.inf", "model/test_array_file.py -k compute"),
    ("a path that a stranger names", "model/own_text", "if not in_run and not all(map(is_named, sources)):", "if False:", "model/test_own_text.py -k elsewhere"),
    ("a device that a run names", "model/own_text", "if not path.is_file():", "if not path.exists():", "model/test_own_text.py -k zero"),
    ("a text as long as it likes", "model/own_text", "left -= len(chunk)", "pass", "model/test_own_text.py -k bomb"),
    ("escape codes obeyed", "errors", "CONTROLS.sub(lambda found: found[0].encode(\"unicode_escape\").decode(), line)", "line", "test_errors.py -k foreign"),
    ("an id outside the vocabulary", "sampling/choose", "if not np.isfinite(most).all():", "if False:", "sampling/test_choose.py -k finite"),
    ("a square of the vocabulary", "model/cells", "p.weight_ih.T + p.bias_ih if embedding is None", "p.weight_ih.T if embedding is None", "model/test_cells.py -k table"),
    ("more threads than CPUs for a file", "training/place", "return min(threads, usable)", "return threads", "training/test_place.py"),
    ("a model built before its sizes are checked", "training/saved", "    check_shapes(path, weights, wanted)\n", "", "training/test_saved.py -k sizes"),
    ("a step beyond the budget", "training/snapshot", "if taken and trainer.budget", "if False and trainer.budget", "training/test_snapshot.py -k beyond"),
    ("known letters not taken away", "text/writer", "if n[place] == character", "if n", "text/test_writer.py"),
    ("an echo from the wrong place", "text/synthetic", "ids[place] = ids[place - lag]", "ids[place] = ids[place - 1]", "text/test_synthetic.py -k echo"),
    ("the weather never changes", "text/chains", "seen.sum() @ moves", "seen.sum()", "text/test_chains.py -k diary"),
    ("more threads tried on a busy CPU", "machine/choice", "not self._pace.crowded and", "", "machine/test_choice.py -k even"),
    ("trials that cost nothing", "machine/choice", "max(0.0, self._lost) / SHARE", "0.0", "machine/test_choice.py -k percent"),
    ("a group above that is not asked", "machine/cpus", "(inside, *inside.parents)", "(inside,)", "machine/test_cpus.py -k quota"),
    ("the user's BLAS threads lost", "machine/cpus", "self._set(self._before)", "pass", "machine/test_cpus.py -k blas"),
    ("another text of that name taken", "text/registry", "if digest != text.sha256", "if not digest", "text/test_registry.py -k other_content"),
    ("a student's file written over", "lessons", "if not target.exists():", "if True:", "commands/test_lessons_command.py"),
    ("an old picture that looks new", "notebook/newest", "self._picture.add_class(STALE)", "pass", "notebook/test_newest.py"),
    ("bright while newer values wait", "notebook/newest", "                self._waiting = False\n", "                self._waiting = False\n                self._picture.remove_class(STALE)\n", "notebook/test_newest.py"),
    ("a zero on a logarithmic axis", "notebook/figure", "np.where(drawn > 0, drawn, math.nan)", "drawn", "notebook/test_figure.py -k anew"),
    ("a student's home is the grader's", "grading/apart", '"HOME": home', '"HOME": Path.home()', "grading/test_apart.py"),
    ("passwords passed on to students", "grading/apart", "if k in KEPT or k.startswith(KEPT_BEGIN)", "", "grading/test_apart.py"),
    ("points above the maximum exported", "grading/results", "if grade.score > grade.max_score", "if False", "grading/test_watch.py -k maximum -m slow"),
    ("another's points taken for the student's own", "grading/watch", 'key for key in {*before, *self._state} if', 'key for key in () if', "grading/test_watch.py -k watched -m slow"),
    ("a model of another text taken", "grading/own_model", "if corpus.sha256 != trained_on.sha256", "if False", "grading/test_own_model.py -k another"),
    ("a text that repeats itself taken", "grading/own_model", "compared(self.held_out, self.history)", "compared(self.held_out, self.history[:1])", "grading/test_own_model.py -k repeated"),
    ("a 5-gram that has read nothing before", "grading/own_figures", "np.concatenate((own.history_ids, ids))", "np.concatenate((0 * own.history_ids, ids))", "grading/test_own_figures.py -k gram"),
    ("a guess fitted to what tests it", "grading/own_figures", "ids[:half], numbers[:half]", "ids[half:], numbers[half:]", "grading/test_own_figures.py -k controls"),
    ("a bomb of many files in a student's zip", "grading/downloads", "if file.read().count(_ENTRY) > MAX_FILES", "if False", "grading/test_downloads.py -k refused"),
    ("a zip named like its folder, of another student", "grading/students", "return [_without(assignment, part) for part in parts]", "return [*parts]", "grading/test_students.py"),
    ("two students with the same file", "grading/attached", "elif other:", "elif False:", "grading/test_attached.py"),
    ("a poisoned average kept", "training/trainer", "self.progress.best is None and usable(self.average)", "self.progress.best is None", "training/test_fit.py"),
    ("broken weights left in the model", "training/trainer", "                self.good.restore(self)\n", "                pass\n", "training/test_fit.py"),
    ("a broken state saved", "training/run", "                steps.close()", "                pass", "training/test_run.py -k broken"),
    ("NaN taken for learning", "training/display", "if not all(nats <= guessing + UNEVEN for", "if any(nats > guessing + UNEVEN for", "training/test_display.py"),
    ("a path that a shell splits", "quoting", "return shlex.quote(text)", "return text", "test_quoting.py"),
    ("only the first mistake told", "flags", "_each_refused(kind, parsed, group) or [str(error)]", "[str(error)]", "commands/test_train.py -k two_mistakes"),
    ("a budget saved before the cell is checked", "training/run", "        check_cell(cell, saved.options.cell, folder)\n", "", "commands/test_train.py -k wrong_cell"),
    ("an error that a panel swallows", "notebook/workers", "self.message.value = told(error)", "pass", "notebook/test_workers.py"),
    ("a zero character in a path", "errors", 'and "embedded" in message', "and False", "commands/test_foreign_errors.py"),
    ("markup in the data of a page", "web/fill", '.replace("<", r"\\u003c")', "", "web/test_fill.py -k characters"),
    ("a page that may ask others", "web/fill", "default-src 'none'", "default-src *", "web/test_fill.py -k policy"),
    ("high bytes before low ones", "web/fill", 'newbyteorder("<")', 'newbyteorder(">")', "web/test_fill.py -k weights"),
    ("a page that tells where a text lies", "web/fill", "PurePath(path).stem", "path", "web/test_fill.py -k home"),
    ("a unit shown that an untrained model has, too", "web/telling", "(*found.shuffled, found.untrained)", "found.shuffled", "web/test_telling.py -k beats"),
    ("lines broken inside words", "notebook/lines", "textwrap.wrap(line, columns)", "[line[k : k + columns] for k in range(0, len(line), columns)]", "notebook/test_lines.py"),
]  # fmt: skip


TODAY = [MUTANTS[0], *random.Random(date.today().toordinal()).sample(MUTANTS[1:], DRAWN)]


def test_each_mutant_fits_the_code():
    for mistake, name, right, wrong, _ in MUTANTS[1:]:
        source = (ROOT / "charlstm" / f"{name}.py").read_text(encoding="utf-8")
        assert (source.count(right), right != wrong) == (1, True), mistake


@pytest.mark.parametrize(
    ("name", "right", "wrong", "tests"),
    [
        pytest.param(
            *row[1:], id=row[0], marks=pytest.mark.slow if row in TODAY else pytest.mark.long
        )
        for row in MUTANTS
    ],
)
def test_the_tests_notice(name, right, wrong, tests, tmp_path):
    shutil.copytree(ROOT / "charlstm", tmp_path / "charlstm")
    path = tmp_path / "charlstm" / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace(right, wrong), encoding="utf-8")
    selected, *rest = tests.split()
    # -P: the copy on PYTHONPATH, not the package in the current folder
    command = [sys.executable, "-P", "-m", "pytest", "-qx", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(ROOT / "tests" / selected), *rest],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == int(right != wrong), done.stdout[-2000:]
