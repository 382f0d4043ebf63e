import random

from core.learning.names import names_in, rename, swap_names
from core.narrator.firstnames import BOYS, GIRLS

TEXT = 'Then Lily saw Tom. "Oh, Tom!" said Lily. On Monday Tom and Grimbald ate. So did Grimbald.'


def test_names_are_found_and_days_are_not() -> None:
    assert set(names_in(TEXT)) == {"Lily", "Tom", "Grimbald"}


def test_a_word_that_also_stands_in_small_letters_is_no_name() -> None:
    assert names_in("the Bear saw a bear, and the Bear ran. Then Bear sat.") == []


def test_girls_stay_girls_and_boys_stay_boys() -> None:
    for seed in range(50):
        swaps = swap_names(TEXT, random.Random(seed))
        assert swaps.keys() <= {"Lily", "Tom"}
        assert swaps.get("Lily", GIRLS[0]) in GIRLS
        assert swaps.get("Tom", BOYS[0]) in BOYS


def test_renaming_reaches_every_place_and_only_whole_words() -> None:
    assert rename("Tom, Tommy and Tom's dog", {"Tom": "Juma"}) == "Juma, Tommy and Juma's dog"
