"""What every played model server has in common: the GPU's speed and memory, the batch, the tokens, the answer."""
