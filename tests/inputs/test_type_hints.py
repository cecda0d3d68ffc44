"""Type hints of arrays, as NumPy writes them before and since version 2.5."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeAliasType

from drive_stack.support.type_hints import is_array
from drive_stack.types import FloatArray

Scalar = TypeVar("Scalar", bound=np.generic)
Alias = TypeAliasType("Alias", np.ndarray[Any, np.dtype[Scalar]], type_params=(Scalar,))


def test_an_array_is_recognised_by_its_type_and_by_an_alias_of_it() -> None:
    for hint in (FloatArray, NDArray[np.uint8], np.ndarray[Any, np.dtype[np.float64]], Alias[np.float64]):
        assert is_array(hint), hint
    for hint in (float, tuple[float, ...], FloatArray | None, TypeAliasType("Number", float)):
        assert not is_array(hint), hint
