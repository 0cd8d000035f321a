"""The data that a model meets: as handed in, checked at the door, in its units, taken in batches, and their moments."""

from npvae.models.data.arrays import as_array, column_names
from npvae.models.data.batches import ROWS, blocks, outputs, some_rows, take
from npvae.models.data.door import as_floats, check_data, float_data
from npvae.models.data.moments import Moments, moments, warn_if_unresolved

__all__ = ["as_array", "column_names", "ROWS", "blocks", "outputs", "some_rows", "take", "as_floats", "check_data",
           "float_data", "Moments", "moments", "warn_if_unresolved"]
