"""Wrong solutions of `accept_draft`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="accept_inverted")
def ratio_inverted(target_probs, draft_probs, token):
    """Divides the draft by the target."""
    left = (target_probs - draft_probs).clamp(min=0)
    residual = left / left.sum() if left.sum() > 0 else target_probs
    return min(1.0, (draft_probs[token] / target_probs[token]).item()), residual


@wrong(fails_case=2, kind="value", misconception="accept_not_capped")
def above_one(target_probs, draft_probs, token):
    """Lets the ratio grow above 1."""
    left = (target_probs - draft_probs).clamp(min=0)
    residual = left / left.sum() if left.sum() > 0 else target_probs
    return (target_probs[token] / draft_probs[token]).item(), residual


@wrong(fails_case=1, kind="value", misconception="accept_by_the_target")
def target_alone(target_probs, draft_probs, token):
    """Accepts with the target"s probability."""
    left = (target_probs - draft_probs).clamp(min=0)
    residual = left / left.sum() if left.sum() > 0 else target_probs
    return target_probs[token].item(), residual


@wrong(fails_case=1, kind="value", misconception="accept_always")
def always(target_probs, draft_probs, token):
    """Accepts every token."""
    left = (target_probs - draft_probs).clamp(min=0)
    residual = left / left.sum() if left.sum() > 0 else target_probs
    return 1.0, residual


@wrong(fails_case=1, kind="value", misconception="accept_the_likelier")
def yes_or_no(target_probs, draft_probs, token):
    """Accepts only what the target finds at least as likely."""
    left = (target_probs - draft_probs).clamp(min=0)
    residual = left / left.sum() if left.sum() > 0 else target_probs
    return float(target_probs[token] >= draft_probs[token]), residual


@wrong(fails_case=1, kind="value", misconception="rest_of_the_target")
def replaced_from_the_target(target_probs, draft_probs, token):
    """Replaces by the target"s own law."""
    acceptance = min(1.0, (target_probs[token] / draft_probs[token]).item())
    return acceptance, target_probs.clone()


@wrong(fails_case=1, kind="value", misconception="rest_of_the_draft")
def replaced_from_the_draft(target_probs, draft_probs, token):
    """Replaces by another token of the draft."""
    acceptance = min(1.0, (target_probs[token] / draft_probs[token]).item())
    return acceptance, draft_probs.clone()


@wrong(fails_case=1, kind="value", misconception="rest_reversed")
def difference_reversed(target_probs, draft_probs, token):
    """Replaces by what the draft has too much of."""
    acceptance = min(1.0, (target_probs[token] / draft_probs[token]).item())
    left = (draft_probs - target_probs).clamp(min=0)
    return acceptance, left / left.sum() if left.sum() > 0 else target_probs


@wrong(fails_case=1, kind="value", misconception="rest_absolute")
def absolute_difference(target_probs, draft_probs, token):
    """Takes the absolute value of the difference."""
    acceptance = min(1.0, (target_probs[token] / draft_probs[token]).item())
    left = (target_probs - draft_probs).abs()
    return acceptance, left / left.sum() if left.sum() > 0 else target_probs


@wrong(fails_case=1, kind="value", misconception="rest_but_the_token")
def all_but_the_token(target_probs, draft_probs, token):
    """Leaves out the rejected token alone."""
    acceptance = min(1.0, (target_probs[token] / draft_probs[token]).item())
    left = target_probs.clone()
    left[token] = 0
    return acceptance, left / left.sum()


@wrong(fails_case=1, kind="value", misconception="rest_not_normalised")
def not_normalised(target_probs, draft_probs, token):
    """Forgets to divide by the sum."""
    acceptance = min(1.0, (target_probs[token] / draft_probs[token]).item())
    left = (target_probs - draft_probs).clamp(min=0)
    return acceptance, left if left.sum() > 0 else target_probs


@wrong(fails_case=5, kind="finite", misconception="finite")
def zero_by_zero(target_probs, draft_probs, token):
    """Divides by a sum that is 0 where both are alike."""
    acceptance = min(1.0, (target_probs[token] / draft_probs[token]).item())
    left = (target_probs - draft_probs).clamp(min=0)
    return acceptance, left / left.sum()
