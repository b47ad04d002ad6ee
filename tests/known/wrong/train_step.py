"""Wrong solutions of `train_step`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="step_not_zeroed")
def not_zeroed(model, optimizer, batch, max_norm):
    """Adds to the gradients of the step before."""
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_not_clipped")
def not_clipped(model, optimizer, batch, max_norm):
    """Does not clip."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_not_clipped")
def clips_too_early(model, optimizer, batch, max_norm):
    """Clips before there is a gradient."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_not_clipped")
def clips_too_late(model, optimizer, batch, max_norm):
    """Clips after the step."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    optimizer.step()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_clipped_by_value")
def clips_values(model, optimizer, batch, max_norm):
    """Clips each number by itself."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_value_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_not_taken")
def no_step(model, optimizer, batch, max_norm):
    """Forgets the step."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_not_taken")
def zeroed_too_late(model, optimizer, batch, max_norm):
    """Zeroes the gradients that it has just computed."""
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_uphill")
def uphill(model, optimizer, batch, max_norm):
    """Makes the loss larger."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    (-loss).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_taken_twice")
def twice(model, optimizer, batch, max_norm):
    """Takes the step twice."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    optimizer.step()
    return loss.item()


@wrong(fails_case=2, kind="value", misconception="step_always_scaled")
def always_scales(model, optimizer, batch, max_norm):
    """Scales the gradient to max_norm, even a small one."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    norm = sum((p.grad**2).sum() for p in model.parameters()) ** 0.5
    for p in model.parameters():
        p.grad *= max_norm / norm
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_padding_trained_on")
def trains_on_padding(model, optimizer, batch, max_norm):
    """Takes the tokens for labels, padding included."""
    optimizer.zero_grad()
    loss = model(**{**batch, "labels": batch["input_ids"]}).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_of_the_sum")
def sum_of_losses(model, optimizer, batch, max_norm):
    """Sums the loss up."""
    optimizer.zero_grad()
    loss = model(**batch).loss * (batch["labels"][:, 1:] != -100).sum()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="value", misconception="step_loss_afterwards")
def loss_afterwards(model, optimizer, batch, max_norm):
    """Returns the loss after the step."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return model(**batch).loss.item()


@wrong(fails_case=1, kind="value", misconception="value:['training']")
def leaves_eval(model, optimizer, batch, max_norm):
    """Trains in evaluation mode."""
    model.eval()
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()


@wrong(fails_case=1, kind="raised", misconception="raised:missing 1 required positional argument")
def forgets_the_norm(model, optimizer, batch, max_norm):
    """Calls clip_grad_norm_ without the norm."""
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters())
    optimizer.step()
    return loss.item()
