"""The claims that `npvae verify` measures, a file for each section of the ground truth."""
