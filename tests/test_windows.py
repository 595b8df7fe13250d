from __future__ import annotations

import pytest
from conftest import ROOT, make_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from gongbao.errors import GongbaoError
from gongbao.windows import IGNORED, REPEAT, WINDOW, Tokenizer, fill


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(ROOT / "data" / "encoder")


def rows(sentences, **options):
    return [[(token, sentence) for token, sentence, _ in row] for row in fill(sentences, **options)]


def test_whole_sentences_fill_a_window():
    # Room for 6 - 2 = 4 pieces: the first two sentences of 2 fit, the third does not.
    assert rows([[1, 2], [3, 4], [5]], size=6, repeat=0) == [[(1, 0), (2, 0), (3, 1), (4, 1)], [(5, 2)]]


def test_the_sentence_before_is_repeated_and_not_counted():
    assert rows([[1, 2], [3, 4], [5, 6]], size=6)[1] == [(3, IGNORED), (4, IGNORED), (5, 2), (6, 2)]


def test_the_sentence_before_is_left_out_if_too_long_or_if_the_next_would_not_fit():
    assert rows([[1, 2, 3], [4, 5]], size=6, repeat=2)[1] == [(4, 1), (5, 1)]
    # Room for 4: 3 repeated and 2 new do not fit, and the new one is not to be cut for the old one's sake.
    assert rows([[1, 2, 3], [4, 5]], size=6, repeat=3)[1] == [(4, 1), (5, 1)]


def test_a_long_sentence_is_read_in_slices_and_each_piece_counts_where_it_is_most_central():
    # 10 pieces, room 4, stride 2: slices 0-3, 2-5, 4-7, 6-9 with centres 1.5, 3.5, 5.5, 7.5.
    # Piece 2 is 0.5 from the first centre and 1.5 from the second: it counts in the first; piece 3 is 1.5 from the
    # first and 0.5 from the second: it counts in the second. So 0 1 2 | 3 4 | 5 6 | 7 8 9.
    counted = [[token for token, sentence in row if sentence == 0] for row in rows([list(range(10))], size=6)]
    assert counted == [[0, 1, 2], [3, 4], [5, 6], [7, 8, 9]]


def test_a_last_short_slice_reaches_the_end():
    # 7 pieces, room 4, stride 2: slices 0-3, 2-5, 4-6 with centres 1.5, 3.5, 5; piece 4 is 0.5 from the second and 1
    # from the third.
    counted = [[token for token, sentence in row if sentence == 0] for row in rows([list(range(7))], size=6)]
    assert counted == [[0, 1, 2], [3, 4], [5, 6]]


sentences = st.lists(st.lists(st.integers(5, 99), max_size=40), max_size=12)


@given(sentences, st.integers(4, 24), st.integers(0, 12))
def test_every_piece_counts_exactly_once_and_no_window_is_too_wide(pieces, size, repeat):
    seen = {}
    for row in fill(pieces, size=size, repeat=repeat):
        assert 0 < len(row) <= size - 2
        assert any(sentence != IGNORED for _, sentence, _ in row)
        for token, sentence, position in row:
            if sentence != IGNORED:
                assert (sentence, position) not in seen
                seen[sentence, position] = token
    assert seen == {(s, p): token for s, ids in enumerate(pieces) for p, token in enumerate(ids)}


@given(sentences, st.integers(4, 24))
def test_a_sentence_that_fits_lies_in_one_window(pieces, size):
    owners = [{sentence for _, sentence, _ in row if sentence != IGNORED} for row in fill(pieces, size=size)]
    for number, ids in enumerate(pieces):
        if 0 < len(ids) <= size - 2:
            assert sum(number in owner for owner in owners) == 1


def test_the_standard_window_is_the_one_the_weights_were_trained_with():
    assert (WINDOW, REPEAT) == (256, 64)
    row = list(fill([[7] * 254, [8] * 64, [9] * 190]))
    assert [len(r) for r in row] == [254, 254]  # 64 + 190 = 254; before the 64 stands one of 254, too long to repeat
    assert [s for _, s, _ in row[1]] == [1] * 64 + [2] * 190


def test_known_text_has_no_unknown_pieces(tokenizer):
    (pieces,) = tokenizer.encode(["全会指出，要强化科技创新引领驱动。"])
    assert pieces.unknown == 0
    assert len(pieces.ids) < 17


def test_each_sentence_is_encoded_alone(tokenizer):
    both = tokenizer.encode(["全会指出。", "引进人才。"])
    assert both[0].ids == tokenizer.encode(["全会指出。"])[0].ids
    assert both[1].ids == tokenizer.encode(["引进人才。"])[0].ids
    # The leading piece of a sentence is the tokenizer's mark of a beginning, also for the second sentence.
    assert both[0].ids[0] == both[1].ids[0]


def test_windows_carry_the_specials_round_the_pieces(tokenizer):
    pieces = tokenizer.encode(["全会指出。", "引进人才。"])
    (window,) = tokenizer.windows(pieces)
    assert window.ids == [0, *pieces[0].ids, *pieces[1].ids, 2]
    assert window.sentence == [-1] + [0] * len(pieces[0].ids) + [1] * len(pieces[1].ids) + [-1]


def test_context_of_a_sentence_gives_each_its_own_window(tokenizer):
    pieces = tokenizer.encode(["全会指出。", "引进人才。"])
    assert [set(w.sentence) for w in tokenizer.windows(pieces, context="sentence")] == [{-1, 0}, {-1, 1}]


@pytest.mark.parametrize("token", ["<s>", "</s>", "<pad>", "<unk>", "<mask>"])
def test_text_that_looks_like_a_special_token_is_text(tokenizer, token):
    (pieces,) = tokenizer.encode([f"引进{token}人才"])
    specials = {tokenizer.first, tokenizer.last, tokenizer.padding, tokenizer.unknown, tokenizer.size - 1}
    assert not specials & set(pieces.ids)


def test_special_handling_changes_no_ordinary_piece(tokenizer):
    import tokenizers

    plain = tokenizers.Tokenizer.from_file(str(ROOT / "data" / "encoder" / "tokenizer.json"))
    for text in ["建设①②㎡，ＡＢＣ１２３", "𠮷野家开业", "a b  c", "“十四五”规划（2021—2025年）", "\u200b", ""]:
        assert tokenizer.encode([text])[0].ids == plain.encode(text, add_special_tokens=False).ids


def test_offsets_refer_to_the_original_text_and_may_overlap(tokenizer):
    (pieces,) = tokenizer.encode(["①②㎡"])
    # NFKC makes "12m2" of it: one piece 12 for both circles, and m and 2 for the same square metre.
    assert pieces.offsets == [(0, 2), (2, 3), (2, 3)]


def test_a_folder_without_a_tokenizer_is_refused_by_name(tmp_path):
    with pytest.raises(GongbaoError, match=r"cannot read .*tokenizer\.json"):
        Tokenizer(tmp_path)
    make_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("{}")
    with pytest.raises(GongbaoError, match="no usable cls_token or bos_token"):
        Tokenizer(tmp_path)
