"""Labels of units, made where they are read."""

import pickle

import pytest

from pyasreml.bind.coding import Numbers, UnitsCoding


def test_numbers_read_as_a_tuple_of_text() -> None:
    numbers = Numbers(3)
    assert numbers == ("1", "2", "3") == tuple(numbers)
    assert len(numbers) == 3 and numbers[-1] == "3" and numbers[1:] == ("2", "3")
    assert numbers == Numbers(3) and numbers != Numbers(4) and numbers != ("1", "2")
    assert hash(numbers) == hash(("1", "2", "3")) and "2" in numbers and numbers.index("3") == 2
    assert pickle.loads(pickle.dumps(numbers)) == numbers
    with pytest.raises(IndexError):
        numbers[3]


def test_units_name_their_records() -> None:
    coding = UnitsCoding.of(2)
    assert coding.width == 2 and coding.names == ("units_1", "units_2")
