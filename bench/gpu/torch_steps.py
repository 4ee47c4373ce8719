"""The same steps in PyTorch on the GPU, eager and compiled: prints a JSON line for each, or why there is none."""

import json
import math
import sys
import time

W, T, DT, SDE = 2.0, 0.5, -0.01, 0.5


def steps(torch):
    def guided(u, v):
        return u + W * (v - u)

    def maruyama(x, v):
        score = -((1 - T) * v + x) / T
        drift = v - SDE / 2 * score
        return x + DT * drift + math.sqrt(SDE * abs(DT)) * torch.randn_like(x)

    def heun(x, v1, v2):
        # The state in between is what the second evaluation is asked at, so it is written.
        return x + DT * v1, x + DT / 2 * (v1 + v2)

    return {
        "euler": lambda x, u1, v1, u2, v2: x + DT * v1,
        "euler-guided": lambda x, u1, v1, u2, v2: x + DT * guided(u1, v1),
        "heun": lambda x, u1, v1, u2, v2: heun(x, v1, v2),
        "heun-guided": lambda x, u1, v1, u2, v2: heun(x, guided(u1, v1), guided(u2, v2)),
        "euler-maruyama": lambda x, u1, v1, u2, v2: maruyama(x, v1),
        "euler-maruyama-guided": lambda x, u1, v1, u2, v2: maruyama(x, guided(u1, v1)),
    }


def seconds_of(step, arrays, wait, least):
    """Of one call: the middle of several samples, each as many calls as fill the time."""
    for _ in range(5):
        step(*arrays)
    wait()
    count = 1
    samples = []
    while len(samples) < 7:
        begin = time.perf_counter()
        for _ in range(count):
            step(*arrays)
        wait()
        taken = time.perf_counter() - begin
        if taken < least:
            count *= 2
            continue
        samples.append(taken / count)
    return sorted(samples)[3]


def main():
    device, least, latents = sys.argv[1], float(sys.argv[2]), [tuple(map(int, a.split(","))) for a in sys.argv[3:]]
    try:
        import torch
    except ImportError:
        print(json.dumps({"missing": "no Python with PyTorch"}))
        return
    if device == "cuda" and not torch.cuda.is_available():
        print(json.dumps({"missing": f"PyTorch {torch.__version__} sees no GPU"}))
        return
    torch.set_grad_enabled(False)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    print(json.dumps({"version": torch.__version__}), flush=True)
    for rows, elements in latents:
        arrays = [torch.randn(rows, elements, device=device) for _ in range(5)]
        for case, step in steps(torch).items():
            for mode in ("eager", "compiled"):
                answer = {"case": case, "rows": rows, "elements": elements, "mode": mode}
                try:
                    call = step if mode == "eager" else torch.compile(step, dynamic=False)
                    answer["seconds"] = seconds_of(call, arrays, wait, least)
                except Exception as problem:
                    answer["error"] = str(problem).split("\n")[0]
                print(json.dumps(answer), flush=True)


main()
