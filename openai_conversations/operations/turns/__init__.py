"""Operations made of turns: running tools until a model is done."""
