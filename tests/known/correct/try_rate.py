"""Correct solutions of `try_rate`, written differently from the reference."""

import copy

import torch

from autograder.exercises.known import correct


@correct()
def on_a_copy(model, batch, rate):
    """Tries it on a copy of the model."""
    other = copy.deepcopy(model)
    optimizer = torch.optim.SGD(other.parameters(), lr=rate)
    optimizer.zero_grad()
    other(**batch).loss.backward()
    optimizer.step()
    return other(**batch).loss.item()


@correct()
def cloned_weights(model, batch, rate):
    """Clones each weight, and steps by hand."""
    kept = [weight.detach().clone() for weight in model.parameters()]
    grads = torch.autograd.grad(model(**batch).loss, list(model.parameters()))
    with torch.no_grad():
        for weight, grad in zip(model.parameters(), grads, strict=True):
            weight -= rate * grad
        loss = model(**batch).loss
        for weight, old in zip(model.parameters(), kept, strict=True):
            weight.copy_(old)
    return loss


@correct()
def step_back(model, batch, rate):
    """Takes the step back with the same gradients."""
    model.zero_grad()
    model(**batch).loss.backward()
    torch.optim.SGD(model.parameters(), lr=rate).step()
    with torch.no_grad():
        loss = float(model(**batch).loss)
        for weight in model.parameters():
            weight += rate * weight.grad
    return loss


@correct()
def functional(model, batch, rate):
    """Never changes a weight at all."""
    names = [name for name, _ in model.named_parameters()]
    weights = dict(model.named_parameters())
    grads = torch.autograd.grad(model(**batch).loss, [weights[name] for name in names])
    moved = {n: weights[n].detach() - rate * g for n, g in zip(names, grads, strict=True)}
    return torch.func.functional_call(model, moved, kwargs=batch).loss.item()
