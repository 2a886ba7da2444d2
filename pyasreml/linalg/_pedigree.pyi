import numpy as np
from numpy.typing import NDArray

_Ints = NDArray[np.int32]
_Floats = NDArray[np.float64]

def order(first: _Ints, second: _Ints) -> tuple[_Ints, list[int]]: ...
def variances(
    first: _Ints, second: _Ints, w1: _Floats, w2: _Floats, base: _Floats, outbred: _Floats, pair: float, selfing: float
) -> tuple[_Floats, _Floats, int]: ...
def inverse(
    first: _Ints, second: _Ints, w1: _Floats, w2: _Floats, d: _Floats
) -> tuple[NDArray[np.int64], _Ints, _Floats]: ...
