"""What /proc says about the threads of a server: their names, context switches and processor time."""

import contextlib
import dataclasses
import pathlib
import re

# io_uring's workers are threads of the process that owns the ring, with names of their own.
KERNEL_WORKER = "iou-wrk"


@dataclasses.dataclass(frozen=True)
class Thread:
    process_id: int
    name: str
    voluntary: int
    involuntary: int
    run_seconds: float

    @property
    def is_kernel_worker(self):
        return self.name.startswith(KERNEL_WORKER)

    def since(self, before):
        """What happened since `before`, which is the same thread earlier on or None."""
        if before is None:
            return self
        return dataclasses.replace(self, voluntary=self.voluntary - before.voluntary, involuntary=self.involuntary - before.involuntary,
                                   run_seconds=self.run_seconds - before.run_seconds)


def read_thread(process_id, folder):
    status = (folder / "status").read_text()
    switches = {kind: int(count) for kind, count in re.findall(r"^(voluntary|nonvoluntary)_ctxt_switches:\s*(\d+)", status, re.MULTILINE)}
    # The first number is nanoseconds on a processor; the ticks of /proc/PID/stat are too coarse for one thread.
    run_ns = int((folder / "schedstat").read_text().split()[0])
    return Thread(process_id, re.search(r"^Name:\s*(.*)", status)[1], switches["voluntary"], switches["nonvoluntary"], run_ns / 1e9)


def read(process_ids):
    """{thread's id: Thread} of all threads that these processes have now."""
    found = {}
    for process_id in process_ids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for folder in pathlib.Path(f"/proc/{process_id}/task").iterdir():
                found[int(folder.name)] = read_thread(process_id, folder)
    return found


def spent(before, after):
    """[Thread]: what each thread of `after` did since `before`, both from read(). Threads that ended in between are not in it."""
    return [thread.since(before.get(number)) for number, thread in after.items()]


def names(process_ids):
    """The names of all threads that these processes have now: less to read than all of it, while others wait for the processor."""
    found = []
    for process_id in process_ids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for folder in pathlib.Path(f"/proc/{process_id}/task").iterdir():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    found.append((folder / "comm").read_text().strip())
    return found
