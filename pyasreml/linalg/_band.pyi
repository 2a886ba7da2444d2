from typing import Any

import numpy as np
from numpy.typing import NDArray

def reduce_to_band(a: NDArray[np.float64], width: int) -> NDArray[np.float64]: ...
def rotate(a: NDArray[np.float64], t: NDArray[np.float64], x: NDArray[np.float64], transposed: bool) -> Any: ...
