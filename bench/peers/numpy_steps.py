"""The NumPy expression of each step; NumPy has one thread here."""

import math

import numpy

from steps import serve

W, T, DT, SDE = (numpy.float32(value) for value in (2.0, 0.5, -0.01, 0.5))
generator = numpy.random.Generator(numpy.random.Philox(1))


def normals(rows, elements):
    return generator.standard_normal((rows, elements), dtype=numpy.float32)


def make_step(case, rows, elements):
    if case == "normals":
        return lambda: normals(rows, elements)
    x, u1, v1, u2, v2 = (normals(rows, elements) for _ in range(5))
    half = numpy.float32(0.5)

    def guided(u, v):
        return u + W * (v - u)

    def euler():
        return x + DT * guided(u1, v1)

    def heun():
        d1 = guided(u1, v1)
        x1 = x + DT * d1  # what the network is asked at
        d2 = guided(u2, v2)
        return x1, x + DT * half * (d1 + d2)

    def maruyama(v):
        score = -((1 - T) * v + x) / T
        drift = v - SDE * half * score
        return x + DT * drift + numpy.float32(math.sqrt(SDE * abs(DT))) * normals(rows, elements)

    return {
        "euler-guided": euler,
        "heun-guided": heun,
        "euler-maruyama": lambda: maruyama(v1),
        "euler-maruyama-guided": lambda: maruyama(guided(u1, v1)),
    }[case]


serve(make_step)
