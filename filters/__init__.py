"""Floor 1: what a text is, and the policy. Nothing is imported here: what needs one filter does not wait for all."""
