"""Operations made of turns: running tools until a model is done, and keeping long conversations short."""
