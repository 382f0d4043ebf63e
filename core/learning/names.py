"""First names in a text, and stories told again with other names."""

import random
import re
from collections import Counter

GIRLS = tuple(
    "Lily Lucy Sara Sarah Anna Mia Emma Sue Amy Jane Mary Lila Ella Daisy Molly Jill Mandy Sally "
    "Annie Kate Maria Rosie Betty Polly Ellie Zoe Lola Nina Ruby Chloe Grace Alice Bella Sophie "
    "Amina Aisha Fatima Zainab Naledi Thandi Zanele Lindiwe Wanjiku Akinyi Achieng Adisa Ngozi "
    "Chioma Abena Ama Makena Nandi Priya Meera Anjali Lakshmi Kavya Asha Radha Sita Noor Leila "
    "Yasmin Farah Samira Shirin Mei Lin Ling Yuki Hana Aiko Sakura Emi Minh Linh Thuy Dewi Putri "
    "Sofia Lucia Elena Carmen Rosa Isabel Paloma Ines Marta Ingrid Freya Astrid Greta Elsa Olga "
    "Katya Anya Vera Mila Zofia Hanna Aino Maeve Niamh Bridget Fiona Moana Leilani Talia Miriam "
    "Esther Ruth Hazel Ivy Clara Martha Edith Mabel Pearl Wren Juno Tess Nora Flora Marisol".split()
)
BOYS = tuple(
    "Tim Tom Ben Max Sam Jack Timmy Tommy Billy Bob Joe John Bobby Johnny Jimmy Jim Mark Peter "
    "Mike Andy Dan Danny Fred Charlie Leo David Alex Harry Henry Oliver Adam Luke Noah Oscar Paul "
    "Kofi Kwame Juma Otieno Kamau Baraka Jabari Sipho Themba Bongani Thabo Musa Yusuf Ibrahim "
    "Chidi Emeka Tunde Amadi Abdi Hassan Omar Ali Karim Tariq Samir Idris Arjun Ravi Rohan Kiran "
    "Vikram Anand Gopal Raju Suresh Deepak Wei Jun Hiro Kenji Taro Haruto Bao Khoa Tuan Budi Adi "
    "Mateo Diego Pablo Carlos Luis Javier Rafael Tomas Miguel Hugo Lars Erik Nils Sven Olaf Ivan "
    "Misha Boris Pavel Jakub Anton Emil Aleksi Finn Conor Sean Declan Kai Tane Keoni Eli Ezra "
    "Jonah Silas Amos Felix Ned Rufus Otto Walter Arthur Gil Theo Rory Milo Jasper".split()
)
# Names that are words as well ("Will", "Rose", "Grace") are swapped only where surely names.
_GENDER = dict.fromkeys(GIRLS, GIRLS) | dict.fromkeys(BOYS, BOYS)
_NAME = re.compile(r"\b[A-Z][a-z]{1,11}\b")
_INSIDE = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{1,11}\b|(?<=named )[A-Z][a-z]+\b")
_NO_NAME = frozenset(
    "I The A An He She It They We You His Her Their My Your Our And But So Then One Once Oh Yes No "
    "Mom Dad Mommy Daddy Mum Mummy Mama Papa Grandma Grandpa Granny Mr Mrs Miss Dr Sir God Lord "
    "English Christmas Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February "
    "March April May June July August September October November December When What Why How "
    "Where Who This That There".split()
)
_OFTEN = 2  # a name that is not on our lists stands at least this often


def names_in(text: str) -> list[str]:
    """Names that stand with a capital inside sentences, the most frequent first."""
    inside = Counter(_INSIDE.findall(text))
    counts = Counter(_NAME.findall(text))
    found = [
        name
        for name in inside
        if name not in _NO_NAME
        and not re.search(rf"\b{name.lower()}\b", text)
        and (name in _GENDER or counts[name] >= _OFTEN)
    ]
    return sorted(found, key=lambda name: -counts[name])


def swap_names(text: str, rng: random.Random) -> dict[str, str]:
    """Other names, of the same gender, for the names of the text that are on our lists."""
    known = [name for name in names_in(text) if name in _GENDER]
    taken = set(_NAME.findall(text))
    swaps: dict[str, str] = {}
    for name in known:
        other = rng.choice(_GENDER[name])
        if other not in taken:
            swaps[name] = other
            taken.add(other)
    return swaps


def rename(text: str, swaps: dict[str, str]) -> str:
    """The text with its names swapped, wherever they stand as whole words."""
    if not swaps:
        return text
    pattern = re.compile(r"\b(?:" + "|".join(swaps) + r")\b")
    return pattern.sub(lambda match: swaps[match.group()], text)
