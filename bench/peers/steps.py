"""Answers lines `case rows elements milliseconds` with the seconds of one step; shared by the Python peers."""

import json
import sys
import time


def seconds_of(step, milliseconds):
    """Of one call, from as many as fill the time; the first warms up."""
    step()
    count, taken = 0, 0.0
    begin = time.perf_counter()
    while taken * 1e3 < milliseconds or count < 2:
        step()
        count += 1
        taken = time.perf_counter() - begin
    return taken / count


def serve(make_step):
    """`make_step(case, rows, elements)` gives a function that takes one step."""
    steps = {}
    for line in sys.stdin:
        words = line.split()
        if words == ["hello"]:
            answer = {}
        else:
            case, rows, elements, milliseconds = words[0], int(words[1]), int(words[2]), float(words[3])
            key = (case, rows, elements)
            if key not in steps:
                steps.clear()
                steps[key] = make_step(*key)
            try:
                answer = {"seconds": seconds_of(steps[key], milliseconds)}
            except Exception as problem:
                answer = {"error": str(problem)}
        print(json.dumps(answer), flush=True)
