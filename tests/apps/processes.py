"""processes.py: which processes a command has started, by /proc."""

import os
import time


def stat_of(pid):
    """The fields of its line in /proc from the state on: state, parent …; none when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return []


def state_of(pid):
    return (stat_of(pid) or [""])[0]


def children_of(pid):
    for entry in os.listdir("/proc"):
        fields = stat_of(entry) if entry.isdigit() else []
        if fields and int(fields[1]) == pid:
            yield int(entry)


def descendants_of(pid):
    for child in children_of(pid):
        yield child
        yield from descendants_of(child)


def workers_of(pid, name):
    """The processes that it has started for tasks, whose names begin so, oldest first."""
    found = []
    for process in descendants_of(pid):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[1:2] and words[1].startswith(name.encode()):
            found.append((int(stat_of(process)[19] if stat_of(process) else 0), process))
    return [process for _, process in sorted(found)]


def await_end(pids):
    """Until none of them runs any more; gives up when the test's time is up."""
    while any(state_of(pid) not in ("", "Z") for pid in pids):
        time.sleep(0.01)
