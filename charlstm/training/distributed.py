"""Several processes train one model: who they are, and what they tell each other in each step.

`torchrun --nproc-per-node 2 -m charlstm.train my-text.txt` starts two processes. Each has a number,
its rank. Rank r of N reads rows r B/N to (r+1) B/N of each window, B streams in all. PyTorch's
DistributedDataParallel takes the mean of the gradients. So all ranks take the step that one process
would take with all the streams.

After each step all ranks hold the same weights, the same progress, and the state of all streams. So
any number of ranks can go on with a training, and if a rank dies, nothing is lost with it.

The trainer knows a `Ranks`. The class itself stands for the only process, which has nobody to agree
with. `Processes` has the same methods for several.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from charlstm.errors import OUT_OF_MEMORY, UserError, counted, option

if TYPE_CHECKING:
    from torch import Tensor, nn

    from charlstm.model.network import CharModel
    from charlstm.model.stack import ModelState

TORCHRUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # torchrun sets them
HANGUP = getattr(signal, "SIGHUP", None)  # Windows has none
TIMEOUT = timedelta(minutes=30)  # of a rank that does not answer; reading a text may take long

Made = TypeVar("Made")


class LostRankError(UserError):
    """Another rank has ended, or does not answer."""


class Ranks:
    """The only process of a training.

    Attributes:
        rank: the number of this process; rank 0 validates, writes and talks.
        size: N, the number of processes.
        caught: the signals that this process has caught.
    """

    rank = 0
    size = 1

    def __init__(self) -> None:
        self.caught: list[int] = []

    @property
    def stopped_by(self) -> int:
        """The number of the signal that ends the training on all ranks after this step, or 0."""
        return max(self.caught, default=0)

    @contextlib.contextmanager
    def catching(self) -> Iterator[None]:
        """Note Ctrl-C, SIGTERM and SIGHUP instead of ending at once.

        SIGHUP comes when a terminal or an SSH session ends. `nohup` lets a process ignore it, and
        that holds. Windows has Ctrl-Break instead, which closing the window sends, too.

        In a single process a second signal ends it, but for SIGHUP: when a session ends, the shell
        and the system may both send it. Several processes get more than one as a matter of
        course, because torchrun sends SIGTERM to all when the first of them ends. So they save in
        peace; torchrun kills them if that takes longer than 30 seconds. Nor may that SIGTERM reach
        a rank that has left this block to end, before it has told why and by which code: from then
        on it ignores signals. Only rank 0 has work left after a training that ran to its end.
        """

        def note(number: int, frame: Any) -> None:
            self.caught.append(number)
            if self.size == 1 and number != HANGUP:
                signal.signal(number, before[number])

        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # only Windows has the last, not SIGHUP
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        numbers = [n for n in numbers if n != HANGUP or signal.getsignal(n) is not signal.SIG_IGN]
        before: dict[int, Any] = {number: signal.signal(number, note) for number in numbers}
        ending = self.size > 1
        try:
            yield
            ending = ending and bool(self.rank or self.stopped_by)
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if ending else handler)

    def rows(self, batch_size: int) -> slice:
        """Return which streams this rank reads.

        Raises:
            UserError: the ranks cannot share the streams equally.
        """
        return slice(batch_size)

    def network(self, model: CharModel) -> nn.Module:
        """Return what computes the logits with the weights of the model."""
        return model

    def backward(self, loss: Tensor) -> None:
        """Compute the gradient of the mean of all ranks' losses."""
        loss.backward()

    def agree(
        self, seconds: float, loss: Tensor, state: ModelState
    ) -> tuple[float, Tensor, ModelState]:
        """Tell the others of a step; from then on all ranks know the same `stopped_by`.

        Args:
            seconds: the time that this rank has measured.
            loss: its loss, one number.
            state: the state of its streams, arrays (B/N, H).

        Returns:
            rank 0's seconds, the mean loss, and the state of all streams, arrays (B, H).
        """
        return seconds, loss, state

    def first(self, make: Callable[[], Made]) -> Made:
        """Return on every rank what `make` returns on rank 0. The other ranks do not call it."""
        return make()


class Processes(Ranks):
    """One of several processes that train one model.

    The processes meet at the address in torchrun's environment. What lies on a CPU goes through
    gloo, and what lies on a GPU through nccl. (No GPU has run this yet. There, a rank that dies may
    also hold up the GPU work of the others; then what was saved last remains.)

    Args:
        rank, size: as in `Ranks`.

    Raises:
        LostRankError: in each method, if another rank has ended, or has not answered for half
            an hour.
    """

    def __init__(self, rank: int, size: int) -> None:
        import torch

        super().__init__()
        self.rank = rank
        self.size = size
        self._stopped_by = 0
        backend = "gloo"
        if torch.cuda.is_available():
            backend = "cpu:gloo,cuda:nccl"
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
        with _losing():
            torch.distributed.init_process_group(backend, timeout=TIMEOUT)

    @property
    def stopped_by(self) -> int:
        """The number of the signal that a rank had caught when they last agreed, or 0."""
        return self._stopped_by

    def rows(self, batch_size: int) -> slice:
        """Return which streams this rank reads; see `Ranks`."""
        each, left = divmod(batch_size, self.size)
        if left:
            most = max(size for size in range(1, self.size) if batch_size % size == 0)
            longer = "" if each else ", and with a longer text if this one is short"
            raise UserError(
                f"{counted(batch_size, 'stream')} cannot be shared by {self.size} processes; start"
                f" {most} instead, or train anew with"
                f" {option('batch_size', self.size * max(1, each))}{longer}"
            )
        return slice(self.rank * each, (self.rank + 1) * each)

    def network(self, model: CharModel) -> nn.Module:
        """Return the model in DistributedDataParallel, which gives all ranks rank 0's weights."""
        from torch.nn.parallel import DistributedDataParallel

        with _losing():
            # A static graph may hold weights without a gradient, as a reader's own cell may. With
            # the size of the buckets stated, the first one is as large as the others: most models
            # then have one, and so one exchange.
            return DistributedDataParallel(
                model, bucket_cap_mb=25, gradient_as_bucket_view=True, static_graph=True
            )

    def backward(self, loss: Tensor) -> None:
        """Compute the gradient of the loss, and replace it by the mean of all ranks' gradients."""
        with _losing():
            loss.backward()

    def agree(
        self, seconds: float, loss: Tensor, state: ModelState
    ) -> tuple[float, Tensor, ModelState]:
        """Tell the others of a step; see `Ranks`.

        On a CPU all of it goes in one piece, because each exchange waits for the slowest rank. On a
        GPU seconds and signals go from host to host, because they must not wait for the GPU.
        """
        import torch

        parts = torch.stack([part for layer in state for part in layer])  # (K, B/N, H)
        mine = torch.cat([loss.reshape(1), parts.flatten()])
        noted = torch.tensor([seconds, max(self.caught, default=0)], dtype=torch.float64)
        told = noted.view(mine.dtype)  # the same bits in as many numbers as it takes
        if mine.is_cpu:
            sizes = [len(told), len(mine)]
            all_told, everyone = self._gather(torch.cat([told, mine])).split(sizes, dim=1)
        else:
            all_told, everyone = self._gather(told), self._gather(mine)
        times, signals = all_told.contiguous().view(torch.float64).T  # (N,) each
        self._stopped_by = int(signals.max())
        states = everyone[:, 1:].reshape(self.size, *parts.shape)  # (N, K, B/N, H)
        whole = iter(states.transpose(0, 1).flatten(1, 2))  # K times (B, H)
        hidden = [tuple(next(whole) for _ in layer) for layer in state]
        return times[0].item(), everyone[:, 0].mean(), hidden

    def first(self, make: Callable[[], Made]) -> Made:
        """Return on every rank what `make` returns on rank 0."""
        from torch import distributed

        made: list[Any] = [None if self.rank else make()]
        try:
            with _losing():
                distributed.broadcast_object_list(made)
        except LostRankError:
            if self.rank:
                raise  # rank 0 counts what it has made; its next exchange fails, too
        return made[0]

    def _gather(self, tensor: Tensor) -> Tensor:
        """Return the tensors of all ranks, stacked, (N, ...)."""
        import torch
        from torch import distributed

        pieces = [torch.empty_like(tensor) for _ in range(self.size)]
        with _losing():
            distributed.all_gather(pieces, tensor)
        return torch.stack(pieces)


def join() -> Ranks:
    """Return the ranks that torchrun started this process with; without torchrun, the only one."""
    given = [os.environ.get(name) for name in TORCHRUN]
    if not all(given) or os.environ["WORLD_SIZE"] == "1":  # a cluster may set some on its own
        return Ranks()
    return Processes(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))


@contextlib.contextmanager
def _losing() -> Iterator[None]:
    """Turn a failure to reach the other ranks into `LostRankError`."""
    try:
        yield
    except RuntimeError as error:
        if OUT_OF_MEMORY.search(str(error)):
            raise
        why = str(error).split("] ", 1)[-1].splitlines()[0].split(". ")[0]
        raise LostRankError(f"lost another process of this training ({why})") from error
