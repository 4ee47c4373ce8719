"""Noise, version 1, written from docs/noise-v1.md alone. Values are Python floats that hold a float32."""
from math import inf, nextafter, sqrt
from struct import pack, unpack

MASK = 0xFFFFFFFF


def bits(x): return unpack("<I", pack("<f", x))[0]
def unbits(w): return unpack("<f", pack("<I", w & MASK))[0]
def rn(x): return unpack("<f", pack("<f", x))[0]  # to the nearest float32
def signed(w): return (w & MASK) - ((w & 0x80000000) << 1)
def low(n): return n & MASK
def high(n): return n >> 32 & MASK


def fma(a, b, c):
    """The product of two float32 is exact in float64. The sum is rounded to odd there, which keeps enough of what was
    lost for the second rounding to be right (53 >= 24 + 2 bits; Boldo and Melquiond, "Emulation of FMA and correctly
    rounded sums: proved algorithms using rounding to odd", 2008)."""
    p = a * b
    s = p + c
    back = s - p
    lost = (p - (s - back)) + (c - back)  # exact: Knuth's sum of two
    if lost != 0 and unpack("<q", pack("<d", s))[0] % 2 == 0:
        s = nextafter(s, inf if lost > 0 else -inf)
    return rn(s)


def poly(z, *p):
    value = p[-1]
    for c in reversed(p[:-1]):
        value = fma(value, z, c)
    return value


A = [unbits(w) for w in (0xBEFFFFFC, 0xBE80021C, 0xBE2A1211, 0xBE07A656, 0xBD9C28C8)]
B = [unbits(w) for w in (0x3EAAAAA8, 0x3E4CD214, 0x3E113599, 0x3E043EDA)]
S = [unbits(w) for w in (0xB2BBBD2E, 0xBDA55DDF, 0x3B232FD6, 0xB816DAE4)]
C = [unbits(w) for w in (0x3F800000, 0xBE9DE9E6, 0x3C81E0D8, 0xB9AAD959, 0x366A7A3C)]
LN2, PI4 = unbits(0x3F317218), unbits(0x3F490FDB)


def philox(c0, c1, c2, c3, k0, k1):
    for _ in range(10):
        a, b = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = high(b) ^ c1 ^ k0, low(b), high(a) ^ c3 ^ k1, low(a)
        k0, k1 = low(k0 + 0x9E3779B9), low(k1 + 0xBB67AE85)
    return c0, c1, c2, c3


def derive(seed, i, purpose):
    w0, w1, _, _ = philox(low(i), high(i), 0, purpose, low(seed), high(seed))
    return w1 << 32 | w0


def row_seed(seed, i): return derive(seed, i, 0x5EED0001)
def fork(seed, i): return derive(seed, i, 0x5EED0002)


def radius(w):
    """The radius, and by its name what it was made from."""
    u = fma(float(w >> 16), 2.0**-16, fma(float(w & 0xFFFF), 2.0**-32, 2.0**-33))
    a = bits(u) - 0x3F3504F3
    e = float(signed(a) // 2**23)
    f = rn(unbits((a & 0x007FFFFF) + 0x3F3504F3) - 1.0)
    z = rn(f * f)
    log = fma(e, LN2, fma(z, fma(f, poly(z, *B), poly(z, *A)), f))
    return rn(sqrt(rn(log * -2.0))), {"u": u, "e": e, "f": f, "log": log}


def cosine_sine(w):
    y = rn(rn(float(signed(w << 2))) * 2.0**-31)
    z = rn(y * y)
    small, large = fma(y, PI4, rn(y * poly(z, *S))), poly(z, *C)
    pairs = ((large, small), (-small, large), (-large, -small), (small, -large))
    return pairs[low(w + 0x20000000) >> 30], {"y": y, "small": small, "large": large}


def words_of(seed, stream, draw, number):
    return philox(low(number), high(number), draw, stream, low(seed), high(seed))


def normals(seed, stream, draw, first, count):
    values = []
    for number in range(first // 4, (first + count + 3) // 4):
        w0, w1, w2, w3 = words_of(seed, stream, draw, number)
        values += [rn(radius(w0)[0] * x) for x in cosine_sine(w1)[0]]
        values += [rn(radius(w2)[0] * x) for x in cosine_sine(w3)[0]]
    return values[first % 4 : first % 4 + count]
