"""Watches what a process does to its files, and models what a power failure leaves of them."""

import builtins
import contextlib
import io
import os
import stat


class Halves:
    """A file that is written in two halves, so that something can happen between them."""

    def __init__(self, file, seen):
        self.file = file
        self.seen = seen

    def write(self, content):
        half = len(content) // 2
        done = self.file.write(content[:half])
        self.file.flush()
        self.seen("half a write", None)
        done += self.file.write(content[half:])
        self.file.flush()
        self.seen("a write", None)
        return done

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)


@contextlib.contextmanager
def watched(seen):
    """Call `seen(what, argument)` before and after all that changes a file, and amid each write."""

    def watching(name, real):
        def watch(*arguments, **options):
            seen(f"before {name}", arguments[0])
            result = real(*arguments, **options)
            seen(name, arguments[0])
            return result

        return watch

    def opening(file, mode="r", *arguments, **options):
        opened = real_open(file, mode, *arguments, **options)
        changes = "b" in mode and set(mode) & set("wxa+")
        return Halves(opened, seen) if changes else opened

    names = ("open", "write", "fsync", "ftruncate", "replace", "unlink", "mkdir")
    real = {name: getattr(os, name) for name in names}
    real_open = builtins.open
    try:
        for name in names:
            setattr(os, name, watching(name, real[name]))
        builtins.open = io.open = opening
        yield
    finally:
        builtins.open = io.open = real_open
        for name in names:
            setattr(os, name, real[name])


class Disk:
    """What is known of a folder's files on a disk: what was flushed, and what may yet be lost.

    The promises are POSIX's, no more: fsync of a file keeps its content, not its name; fsync of a
    folder keeps the names in it. Each other change may have reached the disk or not, in any order,
    and of content any part.

    Attributes:
        names: by path, the files that the name may stand for after a failure, the sure one first;
            None for no file, "folder" for a folder.
        contents: by file, what it holds on disk for sure, and what it holds in memory.
    """

    def __init__(self, root):
        self.root = root
        self.names = {}
        self.contents = {}
        self._numbers = {}  # by inode that is in use, the number that we give the file
        self._count = 0

    def look(self, what, argument):
        """Note what has changed since the last look, and what was flushed."""
        now = {}
        for folder, folders, files in os.walk(self.root):
            now |= {os.path.join(folder, name): "folder" for name in folders}
            now |= {os.path.join(folder, name): None for name in files}
        numbers = {}
        for path in now:
            if now[path] is None:
                inode = os.stat(path).st_ino
                if inode not in self._numbers:
                    self._count += 1
                    self._numbers[inode] = self._count
                    self.contents[self._count] = (b"", b"")
                numbers[inode] = now[path] = self._numbers[inode]
                with io.FileIO(path) as file:
                    content = file.readall()
                if content != self.contents[now[path]][1]:
                    self.contents[now[path]] = (self.contents[now[path]][0], content)
        self._numbers = numbers  # an inode whose file is gone is given to another one later
        for path in {*self.names, *now}:
            states = self.names.setdefault(path, (None,))
            if states[-1] != now.get(path):
                self.names[path] = (*states, now.get(path))
        if what == "fsync":
            status = os.fstat(argument)
            if stat.S_ISDIR(status.st_mode):
                folder = os.readlink(f"/proc/self/fd/{argument}")
                for path, states in self.names.items():
                    if os.path.dirname(path) == folder:
                        self.names[path] = states[-1:]
            elif status.st_ino in numbers:
                number = numbers[status.st_ino]
                self.contents[number] = (self.contents[number][1],) * 2

    def left(self, name, content):
        """Return what a failure may leave: by path, the content, or None for a folder.

        Args:
            name: chooses among the states of a name.
            content: chooses from what is sure and what is in memory.
        """
        left = {}
        for path in sorted(self.names):  # folders before what is in them
            found = name(self.names[path])
            above = os.path.dirname(path)
            if found and (above == str(self.root) or above in left):
                left[path] = None if found == "folder" else content(*self.contents[found])
        return left

    def failures(self, rng, count):
        """Yield the extreme failures, and so many drawn ones."""
        first, last = (lambda states: states[0]), (lambda states: states[-1])
        sure, memory = (lambda sure, memory: sure), (lambda sure, memory: memory)
        for name in (first, last):
            for content in (sure, memory):
                yield self.left(name, content)

        def torn(sure, memory):
            least = len(sure) if memory.startswith(sure) else 0  # who adds leaves the rest alone
            kept = memory[: rng.randint(least, len(memory))]
            zeros = bytes(len(memory) - len(kept))
            return rng.choice([sure, memory, kept, kept + zeros]) if sure != memory else sure

        for _ in range(count):
            yield self.left(rng.choice, torn)
