"""How a narrator comes to be and gets better: pretraining, and learning from groups."""
