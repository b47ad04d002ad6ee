"""Honest solutions, written differently from the reference: name -> source."""

ANSWERS = {
    "other_style": """
@torch.inference_mode()
def next_token_probs(model, input_ids):
    last = model(input_ids=input_ids).logits.squeeze(0)[-1].double()
    weights = (last - last.max()).exp()
    return (weights / weights.sum()).float()
""",
    "float64": """
def next_token_probs(model, input_ids):
    return model(input_ids).logits[0, -1].detach().double().softmax(dim=0)
""",
    "with_gradient": """
def next_token_probs(model, input_ids):
    out = model(input_ids=input_ids, use_cache=False)
    return torch.nn.functional.softmax(out.logits, dim=-1)[0][-1]
""",
    "by_hand_in_numpy": """
import numpy as np
def next_token_probs(model, input_ids):
    z = model(input_ids).logits[0, -1].detach().numpy().astype(np.float64)
    w = np.exp(z - z.max())
    return torch.from_numpy(w / w.sum())
""",
}
