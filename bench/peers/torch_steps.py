"""The eager PyTorch expression of each step, as samplers in PyTorch write it."""

import math
import sys

import torch

from steps import serve

torch.set_num_threads(int(sys.argv[1]))
torch.set_grad_enabled(False)

W, T, DT, SDE = 2.0, 0.5, -0.01, 0.5


def make_step(case, rows, elements):
    if case == "normals":
        return lambda: torch.randn(rows * elements)
    x, u1, v1, u2, v2 = (torch.randn(rows, elements) for _ in range(5))

    def guided(u, v):
        return u + W * (v - u)

    def euler():
        return x + DT * guided(u1, v1)

    def heun():
        d1 = guided(u1, v1)
        x1 = x + DT * d1  # what the network is asked at
        d2 = guided(u2, v2)
        return x1, x + DT / 2 * (d1 + d2)

    def maruyama(v):
        score = -((1 - T) * v + x) / T
        drift = v - SDE / 2 * score
        return x + DT * drift + math.sqrt(SDE * abs(DT)) * torch.randn_like(x)

    return {
        "euler-guided": euler,
        "heun-guided": heun,
        "euler-maruyama": lambda: maruyama(v1),
        "euler-maruyama-guided": lambda: maruyama(guided(u1, v1)),
    }[case]


serve(make_step)
