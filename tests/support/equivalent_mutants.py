"""Mutants of the reference solutions that no check refuses, for they are right as well.

exercise -> (what was changed, as `mutants` describes it) -> why it is no mistake.
"""

ONE_TEXT = "the batch holds one text: its first is its last"
SAME_DIMENSION = "the tensor has just that many dimensions: both names mean the same one"
ON_THE_CPU = "models and prompts of checks lie on the CPU; the notebook's may not"
ZERO_DIMENSIONS = "a tensor of one number serves as that number here"
SEEDED_ANEW = "torch's own generator, seeded for each model, draws the same"

EQUIVALENT: dict[str, dict[str, str]] = {
    "accept_draft": {
        "acceptance = min(1.0, (target_probs[token] / draft_probs[token]).item()) missing = (target_ -> acceptance = min(1.0, target_probs[token] / draft_probs[token]) missing = (target_": ZERO_DIMENSIONS,
    },
    "apply_count_penalties": {
        "generated = input_ids[0, prompt_length:] co -> generated = input_ids[-1, prompt_length:] co": ONE_TEXT,
    },
    "apply_repetition_penalty": {
        "tokens = input_ids[0].unique() seen = logits[token -> tokens = input_ids[0] seen = logits[token": "a token that occurs twice is written twice, with the same value",
        "tokens = input_ids[0].unique() seen = logits[to -> tokens = input_ids[0].clone() seen = logits[to": "a token that occurs twice is written twice, with the same value",
        "ns] = torch.where(seen > 0, seen / penalty, seen -> ns] = torch.where(seen >= 0, seen / penalty, seen": "zero divided and zero multiplied are both zero",
        "tokens = input_ids[0].unique() seen = lo -> tokens = input_ids[-1].unique() seen = lo": ONE_TEXT,
    },
    "apply_sequence_bias": {
        '""" ids = input_ids[0].tolist() result = -> """ ids = input_ids[-1].tolist() result =': ONE_TEXT,
        "+ 1 if start >= 0 and ids[start:] == toke -> + 1 if start >= -1 and ids[start:] == toke": "a sequence of two tokens more than the text has fits no end of it",
    },
    "beam_search": {
        'ength.""" beams = [(0.0, input_ids, False)] -> ength.""" beams = [(1.0, input_ids, False)]': "all sums begin with the same number",
        'ength.""" beams = [(0.0, input_ids, False)] -> ength.""" beams = [(-1.0, input_ids, False)]': "all sums begin with the same number",
        "lue, token in zip(values.tolist(), tokens): -> lue, token in zip(values, tokens):": ZERO_DIMENSIONS,
        "finished = token.item() == model.config.eos_tok -> finished = token == model.config.eos_tok": ZERO_DIMENSIONS,
    },
    "block_ngrams": {
        "its ids = input_ids[0].tolist() ending = -> its ids = input_ids[-1].tolist() ending =": ONE_TEXT,
    },
    "constrained_probs": {
        "ch.softmax(result, dim=-1) -> ch.softmax(result, dim=-0)": SAME_DIMENSION,
    },
    "encode_prompt": {
        "zer, prompt_text)[0, -1].item() return tokenizer.de -> zer, prompt_text)[0, -1] return tokenizer.de": ZERO_DIMENSIONS,
        "tokenizer, prompt_text)[0, -1].item() return -> tokenizer, prompt_text)[-1, -1].item() return": ONE_TEXT,
    },
    "explore": {
        "vice) new = ids[0, prompt_length:].tolist -> vice) new = ids[-1, prompt_length:].tolist": ONE_TEXT,
    },
    "filter_min_p": {
        "ch.softmax(logits, dim=-1) return logits.mask -> ch.softmax(logits, dim=-0) return logits.mask": SAME_DIMENSION,
    },
    "filter_top_p": {
        "if p is None or p >= 1: return logit -> if p is None or p > 1: return logit": "at p = 1 the sum before a token is below 1, but for rounding",
        "if p is None or p >= 1: return logits -> if p is None or p >= 2: return logits": "at p = 1 the sum before a token is below 1, but for rounding",
        "esult[order[sum_before >= p]] = float('-inf') -> esult[order[sum_before > p]] = float('-inf')": "differs only where a sum is p exactly, and cases keep away from that",
        "ch.softmax(logits, dim=-1), descending=True) -> ch.softmax(logits, dim=-0), descending=True)": SAME_DIMENSION,
        "orch.cumsum(probs, dim=-1) - probs result = l -> orch.cumsum(probs, dim=-0) - probs result = l": SAME_DIMENSION,
    },
    "filter_typical": {
        "if p is None or p >= 1: return logit -> if p is None or p > 1: return logit": "at p = 1 the sum before a token is below 1, but for rounding",
        "if p is None or p >= 1: return logits -> if p is None or p >= 2: return logits": "at p = 1 the sum before a token is below 1, but for rounding",
        "result[order[before >= p]] = float('-inf') -> result[order[before > p]] = float('-inf')": "differs only where a sum is p exactly, and cases keep away from that",
        "og_softmax(logits, dim=-1) probs = log_probs. -> og_softmax(logits, dim=-0) probs = log_probs.": SAME_DIMENSION,
        "robs[order].cumsum(dim=-1) - probs[order] res -> robs[order].cumsum(dim=-0) - probs[order] res": SAME_DIMENSION,
    },
    "generate_cached": {
        "im=1) if new.item() == model.config.eos_tok -> im=1) if new == model.config.eos_tok": ZERO_DIMENSIONS,
    },
    "generate_text": {
        "tokenizer.decode(output[0]) -> tokenizer.decode(output[-1])": ONE_TEXT,
    },
    "majority_answer": {
        "es(), reverse=True), 0, 0] if first - sec -> es(), reverse=True), 0, 1] if first - sec": "the last number counts only where nobody has a vote, which ends nothing",
        "es(), reverse=True), 0, 0] if first - sec -> es(), reverse=True), 0, -1] if first - sec": "the last number counts only where nobody has a vote, which ends nothing",
    },
    "next_token_probs": {
        "model(input_ids).logits[0, -1] return torch.s -> model(input_ids).logits[-1, -1] return torch.s": ONE_TEXT,
        "ch.softmax(logits, dim=-1) -> ch.softmax(logits, dim=-0)": SAME_DIMENSION,
    },
    "sample_decode": {
        '=None, top_p=None, seed=0): """Prompt und aus -> =None, top_p=None, seed=1): """Prompt und aus': "the signature is given by the stub; no case leaves the seed out",
        '=None, top_p=None, seed=0): """Prompt und aus -> =None, top_p=None, seed=-1): """Prompt und aus': "the signature is given by the stub; no case leaves the seed out",
        '" generator = torch.Generator().manual_seed(seed) wh -> " generator = torch.manual_seed(seed) wh': "it returns the global generator, seeded: as good as one of its own",
        "input_ids).logits[0, -1].cpu() logits = apply_ -> input_ids).logits[0, -1] logits = apply_": ON_THE_CPU,
        "enalty(logits, input_ids.cpu(), repetition_penalty) -> enalty(logits, input_ids, repetition_penalty)": ON_THE_CPU,
        "ext_token.view(1, 1).to(input_ids.device) input_ -> ext_token.view(1, 1).to(logits.device) input_": ON_THE_CPU,
        "ch.softmax(logits, dim=-1) next_token = t -> ch.softmax(logits, dim=-0) next_token = t": SAME_DIMENSION,
        "model(input_ids).logits[0, -1].cpu() logi -> model(input_ids).logits[-1, -1].cpu() logi": ONE_TEXT,
    },
    "search_text": {
        "lue, token in zip(values.tolist(), tokens): -> lue, token in zip(values, tokens):": ZERO_DIMENSIONS,
        "finished = beam[1][0, -1] == model.config.eo -> finished = beam[1][-1, -1] == model.config.eo": ONE_TEXT,
        "ile running and running[0][1].shape[1] < max_leng -> ile running and running[-1][1].shape[1] < max_leng": "all running beams have the same length",
        "ftmax(model(ids).logits[0, -1], dim=-1) -> ftmax(model(ids).logits[-1, -1], dim=-1)": ONE_TEXT,
        "ds).logits[0, -1], dim=-1) values, to -> ds).logits[0, -1], dim=-0) values, to": SAME_DIMENSION,
    },
    "sequence_log_prob": {
        "[i - 1, input_ids[0, i]].item() return total -> [i - 1, input_ids[0, i]] return total": ZERO_DIMENSIONS,
        "model(input_ids).logits[0], dim=-1) total = 0 -> model(input_ids).logits[-1], dim=-1) total = 0": ONE_TEXT,
        "put_ids).logits[0], dim=-1) total = 0.0 f -> put_ids).logits[0], dim=1) total = 0.0 f": SAME_DIMENSION,
        "_probs[i - 1, input_ids[0, i]].item() return -> _probs[i - 1, input_ids[-1, i]].item() return": ONE_TEXT,
    },
    "top_tokens": {
        "ex, value in zip(indices.tolist(), values.tolist())] -> ex, value in zip(indices, values.tolist())]": ZERO_DIMENSIONS,
        "indices.tolist(), values.tolist())] -> indices.tolist(), values)]": ZERO_DIMENSIONS,
    },
    "watermark_score": {
        "erator=generator)[:size].tolist() n = len(token_ids) -> erator=generator)[:size] n = len(token_ids)": "a tensor of numbers is searched as a list is",
        "generator = torch.Generator().manual_seed(key * token_ -> generator = torch.manual_seed(key * token_": "a call has the one generator to itself",
    },
    "split_texts": {
        "t), generator=generator).tolist() held = max(1, round -> t), generator=generator) held = max(1, round": "a list takes a tensor of one whole number as its index",
        ") generator = torch.Generator().manual_seed(seed) or -> ) generator = torch.manual_seed(seed) or": "torch's own generator gives the same order from the same seed",
    },
    "token_losses": {
        "ogits[:, :-1].transpose(1, 2) return torch.nn.fu -> ogits[:, :-1].transpose(2, 1) return torch.nn.fu": "two dimensions change places, whichever is named first",
    },
    "evaluate": {
        "'][:, 1:] != -100).sum().item() total += mo -> '][:, 1:] != -100).sum() total += mo": ZERO_DIMENSIONS,
        "l += model(**batch).loss.item() * count tok -> l += model(**batch).loss * count tok": ZERO_DIMENSIONS,
    },
    "sample_both": {
        "generator = torch.Generator().manual_seed(seed) -> generator = torch.manual_seed(seed)": SEEDED_ANEW,
        "ids).logits[:, -1], dim=-1) ids = tor -> ids).logits[:, -1], dim=1) ids = tor": SAME_DIMENSION,
        "texts.append(ids[0].tolist()) return t -> texts.append(ids[-1].tolist()) return t": ONE_TEXT,
    },
    "train_accumulated": {
        "'][:, 1:] != -100).sum().item() for batch in batches] -> '][:, 1:] != -100).sum() for batch in batches]": ZERO_DIMENSIONS,
        "() total += part.item() torch.nn.utils.clip -> () total += part torch.nn.utils.clip": ZERO_DIMENSIONS,
    },
    "train_step": {
        "r.step() return loss.item() -> r.step() return loss": ZERO_DIMENSIONS,
    },
}
