from core.story.recap import recap
from core.story.sentences import sentences

STORY = (
    'Mara kept the lighthouse on the rock. It was very late. "Who is there?" asked Mara. '
    "A whale sang under the lighthouse. Mara went down to the whale with a lamp. "
    "The whale had lost its calf. And then it rained. Mara lit the lamp, and the calf found the "
    "whale. They were very glad."
)


def test_a_recap_is_made_of_the_storys_own_sentences_in_order() -> None:
    found = recap(STORY)
    places = [STORY.index(sentence) for sentence in found]
    assert len(found) == 3
    assert places == sorted(places)


def test_a_recap_tells_who_and_what() -> None:
    told = " ".join(recap(STORY))
    assert all(word in told for word in ("Mara", "whale", "calf", "lighthouse"))


def test_small_talk_is_left_out() -> None:
    assert not {"It was very late.", "And then it rained."} & set(recap(STORY))


def test_a_short_text_is_its_own_recap() -> None:
    assert recap("The whale sang.") == ["The whale sang."]
    assert recap("") == []


def test_two_sentences_never_become_one_that_nobody_wrote() -> None:
    before = 'Mara saw Tom at the lighthouse door. She cried, "Who are you, Tom?"'
    after = "Tom said that the lighthouse lamp was lost. It rained."
    for text in (f"{before} The lamp, the lamp. {after}", f"{before}\n\n{after}"):
        told = recap(text)
        assert sentences(" ".join(told)) == told
        assert all(sentence in text for sentence in told)
        again = recap(f"{' '.join(told)}\n\n{after}")
        assert all(sentence in text for sentence in again)


def test_half_of_what_somebody_says_is_not_told() -> None:
    text = (
        'The crab said, "I am sorry, Ella. Ella made the shell a mistake." Ella put the shell in '
        'a dry place. Mom said, "It is okay, Ella. Ella and Mom find the shell." They slept.'
    )
    assert recap(text, sentences=2) == ["Ella put the shell in a dry place.", "They slept."]
    assert recap('Mara said, "The whale sang.') == ['Mara said, "The whale sang.']
