"""How a narrator comes to be and gets better: pretraining now, learning from groups next."""
