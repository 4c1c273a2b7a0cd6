"""All that a training depends on, as tensors: weights, optimiser, random number generators.

The position in the data is the number of steps done, of which the learning rate is a function too.
What is named here goes into a checkpoint; restoring it gives the same bits as never having
stopped, on a CPU and with as many threads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

WEIGHTS, OPTIMIZER, RANDOM = "weights", "optimizer", "random"


def capture(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state by name, on the CPU.

    Args:
        model: the joint model, with the parameters and buffers of its objectives.
        optimizer: over parameters of `model`.

    Returns:
        weights/<name>, optimizer/<parameter>/<moment>, random/cpu and random/cuda.<n>. Tied
        weights stand once. Copies: the training may go on while they are written.
    """
    tensors = {f"{WEIGHTS}/{name}": tensor for name, tensor in _weights(model).items()}
    for name, parameter in model.named_parameters():
        for moment, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{OPTIMIZER}/{name}/{moment}"] = value
    tensors[f"{RANDOM}/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        for number, state in enumerate(torch.cuda.get_rng_state_all()):
            tensors[f"{RANDOM}/cuda.{number}"] = state
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}


def restore(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Bring model, optimiser and generators to a captured state.

    Raises:
        ValueError: the weights are of another model.
    """
    restore_weights(model, tensors)
    for name, parameter in model.named_parameters():
        prefix = f"{OPTIMIZER}/{name}/"
        optimizer.state[parameter] = {
            key.removeprefix(prefix): value.to(parameter.device, copy=True)
            for key, value in tensors.items()
            if key.startswith(prefix)
        }
        if not optimizer.state[parameter]:
            del optimizer.state[parameter]
    torch.set_rng_state(tensors[f"{RANDOM}/cpu"])
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            if (name := f"{RANDOM}/cuda.{number}") in tensors:
                torch.cuda.set_rng_state(tensors[name], number)


@torch.no_grad()
def restore_weights(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Bring the weights alone to a captured state.

    Raises:
        ValueError: they are of another model.
    """
    own = _weights(model)
    saved = {
        name.removeprefix(f"{WEIGHTS}/"): tensor
        for name, tensor in tensors.items()
        if name.startswith(f"{WEIGHTS}/")
    }
    for name in sorted(own.keys() | saved.keys()):
        shapes = [tuple(side[name].shape) if name in side else None for side in (own, saved)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"{name}: shape {shapes[1]} was saved, the model has {shapes[0]}")
        own[name].copy_(saved[name])


def _weights(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers, each tensor once, under its first name."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}
