"""Who is who, from the story's own sentences."""

from core.insight.people import who_is_who


def test_names_come_with_the_first_sentence_about_them() -> None:
    texts = ["Once there was a girl named Mara.", "Then Mara met Tom. Old Tom laughed at Mara."]
    assert who_is_who(texts) == (
        ("Mara", "Once there was a girl named Mara."),
        ("Tom", "Then Mara met Tom."),
    )


def test_a_word_that_only_begins_sentences_is_no_name() -> None:
    texts = ["Suddenly it rained. Suddenly it stopped.", "The sea. The sea. A the."]
    assert who_is_who(texts) == ()


def test_what_belongs_to_somebody_names_them() -> None:
    assert who_is_who(["It was Mara's lamp. She said it was Mara's."])[0][0] == "Mara"


def test_a_word_that_begins_what_is_said_is_nobody() -> None:
    told = [
        "It said nothing to Ella.",
        'Mom said, "It will help Ella."',
        '("It will?" asked Ella.)',
    ]
    assert [name for name, _ in who_is_who(told)] == ["Ella"]
