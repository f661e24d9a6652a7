"""Two arms and a towel: thrown on the table, it is flattened, folded twice and laid on the stack."""
