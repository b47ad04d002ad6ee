"""Wrong solutions of `try_rate`, each with the case that must find it."""

import copy

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="tried_not_restored")
def not_restored(model, batch, rate):
    """Leaves the step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    model(**batch).loss.backward()
    optimizer.step()
    return model(**batch).loss.item()


@wrong(fails_case=1, kind="value", misconception="tried_not_restored")
def no_copy(model, batch, rate):
    """Keeps references to the weights, which change with the step."""
    before = model.state_dict()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    model(**batch).loss.backward()
    optimizer.step()
    loss = model(**batch).loss.item()
    model.load_state_dict(before)
    return loss


@wrong(fails_case=1, kind="value", misconception="tried_not_restored")
def shallow_copy(model, batch, rate):
    """Copies the dict, but not the tensors in it."""
    before = copy.copy(model.state_dict())
    model.zero_grad()
    model(**batch).loss.backward()
    torch.optim.SGD(model.parameters(), lr=rate).step()
    loss = model(**batch).loss.item()
    model.load_state_dict(before)
    return loss


@wrong(fails_case=1, kind="value", misconception="tried_loss_before")
def loss_before(model, batch, rate):
    """Returns the loss that the gradient came from."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    optimizer.step()
    model.load_state_dict(before)
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="tried_loss_before")
def restored_too_early(model, batch, rate):
    """Takes the step back before it looks at the loss."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    model(**batch).loss.backward()
    optimizer.step()
    model.load_state_dict(before)
    return model(**batch).loss.item()


@wrong(fails_case=1, kind="value", misconception="tried_not_zeroed")
def not_zeroed(model, batch, rate):
    """Adds to the gradients of the step before."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    model(**batch).loss.backward()
    optimizer.step()
    loss = model(**batch).loss.item()
    model.load_state_dict(before)
    return loss


@wrong(fails_case=1, kind="value", misconception="tried_uphill")
def uphill(model, batch, rate):
    """Adds the gradient."""
    other = copy.deepcopy(model)
    other.zero_grad()
    other(**batch).loss.backward()
    with torch.no_grad():
        for weight in other.parameters():
            weight += rate * weight.grad
    return other(**batch).loss.item()


@wrong(fails_case=1, kind="value", misconception="tried_clipped")
def clipped(model, batch, rate):
    """Clips, as in exercise 6."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    model(**batch).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    loss = model(**batch).loss.item()
    model.load_state_dict(before)
    return loss


@wrong(fails_case=1, kind="value", misconception="tried_twice_the_rate")
def two_steps(model, batch, rate):
    """Takes the step twice."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    model(**batch).loss.backward()
    optimizer.step()
    optimizer.step()
    loss = model(**batch).loss.item()
    model.load_state_dict(before)
    return loss


@wrong(fails_case=1, kind="value", misconception="tried_by_sign")
def with_adam(model, batch, rate):
    """Takes Adam."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, eps=1e-12)
    optimizer.zero_grad()
    model(**batch).loss.backward()
    optimizer.step()
    loss = model(**batch).loss.item()
    model.load_state_dict(before)
    return loss


@wrong(fails_case=1, kind="value", misconception="tried_padding")
def trains_on_padding(model, batch, rate):
    """Takes the tokens for labels, padding included."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    model(**{**batch, "labels": batch["input_ids"]}).loss.backward()
    optimizer.step()
    loss = model(**batch).loss.item()
    model.load_state_dict(before)
    return loss


@wrong(fails_case=1, kind="value", misconception="tried_difference")
def difference(model, batch, rate):
    """Returns by how much the loss falls."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    optimizer.step()
    fallen = loss.item() - model(**batch).loss.item()
    model.load_state_dict(before)
    return fallen


@wrong(fails_case=1, kind="value", misconception="value:['training']")
def leaves_eval(model, batch, rate):
    """Looks at the loss in evaluation mode, and stays there."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    optimizer.zero_grad()
    model(**batch).loss.backward()
    optimizer.step()
    loss = model.eval()(**batch).loss.item()
    model.load_state_dict(before)
    return loss
