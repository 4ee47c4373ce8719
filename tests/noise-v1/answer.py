"""Reads questions as JSON from stdin and answers them with noise_v1.py: integers and bits go both ways as strings."""
import hashlib
import json
import struct
import sys

from noise_v1 import bits, cosine_sine, fma, fork, high, low, normals, radius, row_seed, unbits, words_of


def word(w): return f"0x{w:08X}"
def seed(n): return f"0x{n:016X}"
def words(ws): return " ".join(f"{w:08X}" for w in ws)
def little_endian(values): return struct.pack(f"<{len(values)}f", *values)


def example(key, draw, element):
    number, m = element // 4, element % 4
    w = words_of(key, 0, draw, number)
    r, made = radius(w[m // 2 * 2])
    (cosine, sine), turned = cosine_sine(w[m // 2 * 2 + 1])
    lines = {"counter": words((low(number), high(number), draw, 0)), "key": words((low(key), high(key))), "words": words(w)}
    values = made | {"radius": r} | turned | {"cosine": cosine, "sine": sine}
    values |= {"normal": normals(key, 0, draw, element, 1)[0]}
    return lines | {name: word(bits(value)) for name, value in values.items()}


ANSWERS = {
    "bits": lambda *numbers: little_endian(normals(*numbers)).hex(),
    "hash": lambda *numbers: hashlib.sha256(little_endian(normals(*numbers))).hexdigest(),
    "row": lambda key, i: seed(row_seed(key, i)),
    "fork": lambda key, i: seed(fork(key, i)),
    "fma": lambda *ws: word(bits(fma(*(unbits(w) for w in ws)))),
    "radius": lambda w: word(bits(radius(w)[0])),
    "cosine, sine": lambda w: ", ".join(word(bits(x)) for x in cosine_sine(w)[0]),
    "example": example,
}

questions = json.load(sys.stdin)
json.dump([ANSWERS[name](*(int(number, 0) for number in numbers)) for name, *numbers in questions], sys.stdout)
