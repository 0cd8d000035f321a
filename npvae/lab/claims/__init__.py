"""The claims that `npvae verify` measures, a file for each section: ten of the ground truth, three of later parts."""
