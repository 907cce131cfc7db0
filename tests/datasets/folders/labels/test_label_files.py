"""Label files in every form: separators, headers, columns, names; and what is wrong with them."""

import json
import zipfile

import pytest
from PIL import Image

import fencepost as fp
from datasets.image_folders import picture, save, touch
from datasets.refusal import refused
from fencepost.datasets.folders import open_folder

FILES = ("a.jpg", "b.jpg", "c.jpg")


@pytest.fixture
def photos(tmp_path):
    touch(tmp_path / "photos", *FILES)
    return tmp_path / "photos"


def labels(root, part="train", **options):
    listing = open_folder(root, **options).parts[part]
    names = [file.name for file in listing.files]
    return dict(zip(names, listing.labels, strict=True))


EXPECTED = {"a.jpg": "cat", "b.jpg": "dog", "c.jpg": "cat"}


@pytest.mark.parametrize(
    "text",
    [
        "file,class\na.jpg,cat\nb.jpg,dog\nc.jpg,cat\n",
        "a.jpg,cat\nb.jpg,dog\nc.jpg,cat",
        "a.jpg;cat\r\nb.jpg;dog\r\nc.jpg;cat\r\n",
        "filename\tlabel\na.jpg\tcat\nb.jpg\tdog\nc.jpg\tcat\n",
        "a.jpg cat\nb.jpg dog\nc.jpg cat\n",
        "id|species\na|cat\nb|dog\nc|cat\n",
        "\ufeffimage,label\nA.JPG,cat\nB.JPG,dog\nC.JPG,cat\n",
        "class,path\ncat,photos/a.jpg\ndog,./photos/b.jpg\ncat,/home/me/photos/c.jpg\n",
        "path,target\nphotos\\a.jpg,cat\nphotos\\b.jpg,dog\nphotos\\c.jpg,cat\n",
        'image,width,label\n"a.jpg",640,cat\n"b.jpg",480,"dog"\n"c.jpg",640,cat\n',
        "image,class_id,class_name\na,0,cat\nb,1,dog\nc,0,cat\n",
        "image_id,cat,dog\na,1,0\nb,0,1\nc,1,0\n",
        "image_id,cat,dog\na,1.0,0.0\nb,0.0,1.0\nc,1.0,0.0\n",
        "# made by hand\n\na.jpg, cat\nb.jpg, dog\n\nc.jpg, cat\n",
        "sep=;\nfile;kind\na.jpg;cat\nb.jpg;dog\nc.jpg;cat\n",
        "1 a.jpg cat\n2 b.jpg dog\n3 c.jpg cat\n",
        ",file,kind\n0,a.jpg,cat\n1,b.jpg,dog\n2,c.jpg,cat\n",
    ],
)
@pytest.mark.parametrize("place", ["photos/labels.csv", "labels.tsv", "photos/photos.txt"])
def test_forms(photos, text, place):
    (photos.parent / place).write_text(text, encoding="utf-8", newline="")
    assert labels(photos) == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        '[{"image": "a.jpg", "label": "cat"}, {"image": "b", "label": "dog"}, '
        '{"image": "photos/c.jpg", "label": ["cat"]}]',
        '{"file_name": "a.jpg", "label": "cat"}\n{"file_name": "b.jpg", "label": "dog"}\n\n'
        '{"file_name": "c.jpg", "label": "cat"}\n',
        '{"a.jpg": "cat", "b.jpg": "dog", "c.jpg": "cat"}',
        '{"a.jpg": {"class": "cat"}, "b.jpg": {"class": "dog"}, "c.jpg": {"class": "cat"}}',
        '{"cat": ["a.jpg", "c.jpg"], "dog": ["b.jpg"]}',
    ],
)
@pytest.mark.parametrize("name", ["labels.json", "metadata.jsonl"])
def test_forms_of_json(photos, text, name):
    (photos / name).write_text(text)
    assert labels(photos) == EXPECTED


@pytest.mark.parametrize("place", ["photos/labels.csv", "mine.csv"])
def test_the_label_file_may_be_the_data(photos, place):
    path = photos.parent / place
    path.write_text("file,class\na.jpg,cat\nb.jpg,dog\nc.jpg,cat\n")
    for name in FILES:
        save(photos / name, picture(colour=True))
    assert fp.datasets.open(path).train.class_names == ("cat", "dog")
    assert fp.datasets.image_folder(path).targets.tolist() == [0, 1, 0]


@pytest.mark.parametrize("ending", ["csv", "json"])
@pytest.mark.parametrize("absolute", [False, True])
def test_a_table_whose_paths_lead_elsewhere(photos, ending, absolute):
    for name in FILES:
        save(photos / name, picture(colour=True))
    (photos.parent / "tables").mkdir()
    base = photos if absolute else "../photos"
    pairs = {f"{base}/{name}": kind for name, kind in EXPECTED.items()}
    path = photos.parent / "tables" / f"mine.{ending}"
    path.write_text(
        json.dumps(pairs) if ending == "json" else "".join(f"{n},{k}\n" for n, k in pairs.items())
    )
    assert fp.datasets.image_folder(path).targets.tolist() == [0, 1, 0]
    assert fp.datasets.open(path).train.class_names == ("cat", "dog")


def test_what_was_guessed_is_said(photos):
    (photos / "labels.csv").write_text("who,what,size\na,cat,3\nb,dog,4\n")
    with pytest.raises(fp.DataError, match=r"which column holds the classes. Received: what and"):
        open_folder(photos)
    listing = open_folder(photos, label="what").parts["train"]
    assert listing.remarks == [
        "Labels are those of labels.csv: its column 'who' names the images, the column 'what' the "
        "classes.",
        "Left out: 1 image that it does not name.",
    ]


def test_integers_as_labels_are_in_order(photos):
    (photos / "labels.csv").write_text("file,label\na.jpg,10\nb.jpg,9\nc.jpg,10.0\n")
    listing = open_folder(photos).parts["train"]
    assert (listing.names, listing.labels) == (("9", "10"), ["10", "9", "10"])


@pytest.mark.parametrize(("written", "read"), [("01 02 01", "1 2 1"), ("1.0 3.0 1.0", "1 3 1")])
def test_integers_that_are_written_otherwise_are_said(photos, written, read):
    rows = zip(FILES, written.split(), strict=True)
    (photos / "labels.csv").write_text("\n".join(f"{name},{label}" for name, label in rows))
    assert list(labels(photos).values()) == read.split()
    first = written.split()[0]
    (remark,) = open_folder(photos).parts["train"].remarks
    assert f"the second the classes (such as {first}, read as integers)." in remark


@pytest.mark.parametrize("mark", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("names", [("big cat", "small dog"), ("cat", "very old dog")])
def test_names_of_classes_with_spaces_need_no_header(photos, mark, names):
    rows = [f"{name}{mark}{names[k % 2]}" for k, name in enumerate(FILES)]
    (photos / "labels.txt").write_text("\n".join(rows))
    assert list(labels(photos).values()) == [names[0], names[1], names[0]]


def test_a_column_names_the_parts(photos):
    (photos / "labels.csv").write_text(
        "file,label,split\na.jpg,cat,train\nb.jpg,dog,Train\nc.jpg,cat,test\n"
    )
    assert labels(photos) == {"a.jpg": "cat", "b.jpg": "dog"}
    assert labels(photos, "test") == {"c.jpg": "cat"}


@pytest.mark.parametrize(
    ("column", "cells", "part"),
    [
        ("is_valid", ("False", "False", "True"), "validation"),
        ("is_test", ("0", "0", "1"), "test"),
        ("isTrain", ("yes", "yes", "no"), "test"),
    ],
)
def test_a_column_of_yes_and_no_divides_the_parts(photos, column, cells, part):
    rows = zip(FILES, ("cat", "dog", "cat"), cells, strict=True)
    lines = [f"file,label,{column}", *map(",".join, rows)]
    (photos / "labels.csv").write_text("\n".join(lines))
    assert labels(photos) == {"a.jpg": "cat", "b.jpg": "dog"}
    assert labels(photos, part) == {"c.jpg": "cat"}


def test_a_column_of_folds_is_named_and_not_used(photos):
    (photos / "labels.csv").write_text("file,label,fold\na.jpg,cat,0\nb.jpg,dog,1\nc.jpg,cat,2\n")
    assert labels(photos) == EXPECTED
    remarks = open_folder(photos).parts["train"].remarks
    assert "Its column 'fold' is not used." in remarks


def test_the_same_name_in_two_parts(tmp_path):
    touch(tmp_path, *(f"{part}/{name}" for part in ("train", "test") for name in FILES))
    (tmp_path / "train.csv").write_text("id,label\na.jpg,cat\nb.jpg,dog\nc.jpg,cat\n")
    assert labels(tmp_path) == {f"train/{name}": kind for name, kind in EXPECTED.items()}


def test_a_label_file_that_does_not_fit_is_named(tmp_path):
    touch(tmp_path, *(f"images/{name}" for name in FILES))
    (tmp_path / "labels.csv").write_text("file,class\nx.jpg,cat\ny.jpg,dog\n")
    (tmp_path / "labels.xlsx").write_bytes(b"PK")
    refused(
        lambda: open_folder(tmp_path),
        "labels.csv: none of its columns names these images",
        "labels.xlsx: a table of another program, save it as CSV",
    )
    touch(tmp_path, "images/more/1.jpg", "others/2.jpg")
    remarks = open_folder(tmp_path).remarks
    assert any("none of its columns names these images" in remark for remark in remarks)


@pytest.mark.parametrize("label", ["", "NaN", "nan", "<NA>"])
def test_rows_without_a_class_may_be_left_out(photos, label):
    (photos / "labels.csv").write_text(f"file,class\na.jpg,cat\nb.jpg,dog\nc.jpg,{label}\n")
    contents = open_folder(photos, skip_bad=True)
    assert contents.remarks == ["Left out, because they have no class: 'c.jpg' in line 4."]
    assert contents.parts["train"].labels == ["cat", "dog"]


def test_a_table_for_each_part(tmp_path):
    touch(tmp_path, *(f"images/{name}" for name in FILES))
    (tmp_path / "train_labels.csv").write_text("id,label\na,cat\nb,dog\n")
    (tmp_path / "test_labels.csv").write_text("id,label\nc,cat\n")
    assert labels(tmp_path) == {"images/a.jpg": "cat", "images/b.jpg": "dog"}
    assert labels(tmp_path, "test") == {"images/c.jpg": "cat"}


def test_a_competition(tmp_path):
    """train.csv with labels, test.csv and a sample submission without: as on Kaggle."""
    touch(tmp_path, "train/a.jpg", "train/b.jpg", "test/c.jpg", "test/d.jpg")
    (tmp_path / "train.csv").write_text("id,breed\na,pug\nb,husky\n")
    (tmp_path / "test.csv").write_text("id\nc\nd\n")
    (tmp_path / "sample_submission.csv").write_text("id,breed\nc,pug\nd,pug\n")
    contents = open_folder(tmp_path)
    assert list(contents.parts) == ["train"]
    assert contents.parts["train"].labels == ["pug", "husky"]
    assert "Left out: test.csv, which names no classes." in contents.parts["train"].remarks


def test_a_table_over_all_parts(tmp_path):
    touch(tmp_path, "train/a.jpg", "train/b.jpg", "test/c.jpg")
    (tmp_path / "labels.csv").write_text("file,class\na.jpg,cat\nb.jpg,dog\nc.jpg,cat\n")
    assert labels(tmp_path, "test") == {"test/c.jpg": "cat"}


def test_a_table_in_each_part(tmp_path):
    for part in ("train", "test"):
        touch(tmp_path, *(f"{part}/{name}" for name in FILES))
        (tmp_path / part / "metadata.csv").write_text(
            "file_name,label\na.jpg,x\nb.jpg,y\nc.jpg,x\n"
        )
    assert list(labels(tmp_path, "test").values()) == ["x", "y", "x"]
    assert list(labels(tmp_path)) == ["train/a.jpg", "train/b.jpg", "train/c.jpg"]


def test_lists_of_names_whose_folders_are_the_classes(tmp_path):
    touch(tmp_path, *(f"images/{kind}/{k}.jpg" for kind in ("pie", "soup") for k in range(3)))
    (tmp_path / "train.txt").write_text("pie/0\npie/1\nsoup/0\nsoup/1\n")
    (tmp_path / "test.txt").write_text("pie/2\nsoup/2\n")
    assert labels(tmp_path, "test") == {"images/pie/2.jpg": "pie", "images/soup/2.jpg": "soup"}
    assert len(labels(tmp_path)) == 4


def test_a_table_of_other_things_beside_classes_is_left_alone(tmp_path):
    touch(tmp_path, "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "sizes.csv").write_text("file,width,height\n1.jpg,3,4\n2.jpg,5,6\n")
    (tmp_path / "notes.txt").write_text("two animals\n")
    assert labels(tmp_path) == {"cat/1.jpg": "cat", "dog/2.jpg": "dog"}


def test_a_table_in_a_folder_of_its_own(tmp_path):
    touch(tmp_path, *(f"data/images/{name}" for name in FILES))
    (tmp_path / "data" / "meta").mkdir()
    (tmp_path / "data" / "meta" / "labels.csv").write_text("id,label\na,cat\nb,dog\nc,cat\n")
    assert list(labels(tmp_path).values()) == ["cat", "dog", "cat"]


def test_missing_files_are_all_listed(photos):
    (photos / "labels.csv").write_text("file,class\na.jpg,cat\nb.jpg,dog\nx.jpg,cat\ny.jpg,dog\n")
    refused(
        lambda: open_folder(photos),
        "Received: 2 that are not below",
        "x.jpg and y.jpg",
        path=photos / "labels.csv",
    )
    contents = open_folder(photos, skip_bad=True)
    assert contents.remarks == ["Left out, because they do not exist: x.jpg and y.jpg."]
    assert len(contents.parts["train"].files) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,class\na.jpg,cat\na.jpg,dog\n", "each image must have one class. Received: a.jpg"),
        ("file,class\na.jpg,cat\nb.jpg,\n", "no class for 'b.jpg' in line 3"),
        ("file,class\na.jpg,1.0\nb.jpg,NaN\nc.jpg,2.0\n", "no class for 'b.jpg' in line 3"),
        ("id,cat,dog\na,1,1\nb,0,1\n", "2 in line 2. An image with several"),
        ("file,tags\na.jpg,cat old\nb.jpg,dog old\n", "'cat old' in line 2, which seem to be 2"),
        ("file,x\na.jpg,cat|old\nb.jpg,old\nc.jpg,cat\n", "'cat|old' in line 2, which seem"),
        ("file,class,xmin\na.jpg,cat,1\na.jpg,dog,2\n", "seems to list objects"),
        ("file,x,y\na.jpg,q,r\nb.jpg,s,t\n", "which column holds the classes"),
        ("file,class\na.jpg,cat\nb.jpg,dog,brown\nc.jpg,cat\n", "Received: 3 in line 3"),
    ],
)
def test_what_is_wrong_with_a_label_file(photos, text, words):
    if "x,y" in text:
        text = text.replace("x,y", "shape,colour")
    (photos / "labels.csv").write_text(text)
    refused(lambda: open_folder(photos), words, path=photos / "labels.csv")


def test_a_name_that_two_files_have(tmp_path):
    touch(tmp_path, "one/a.jpg", "two/a.jpg")
    (tmp_path / "labels.csv").write_text("file,class\na.jpg,cat\none/a.jpg,dog\n")
    refused(lambda: open_folder(tmp_path), "in line 2, which may be one/a.jpg and two/a.jpg")
    (tmp_path / "labels.csv").write_text("file,class\ntwo/a.jpg,cat\none/a.jpg,dog\n")
    assert labels(tmp_path) == {"one/a.jpg": "dog", "two/a.jpg": "cat"}


def test_a_label_that_is_no_column(photos):
    (photos / "labels.csv").write_text("file,class\na.jpg,cat\nb.jpg,dog\n")
    refused(lambda: open_folder(photos, label="breed"), "file and class. Received: 'breed'")


def _labelled(folder, header, row, repeat=False):
    lines = [header]
    for k in range(40):
        Image.new("L", (9, 9), 120 * (k % 2) + k).save(folder / f"{k}.png")
        lines += [header] * (repeat and k == 20) + [row(k)]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_semicolons_with_decimal_commas_beside_the_labels(tmp_path):
    table = _labelled(
        tmp_path, "file;a;b;label", lambda k: f"{k}.png;{k},5;1.{k}00,25;{'xy'[k % 2]}"
    )
    assert fp.datasets.open(table).train.class_names == ("x", "y")
    table = _labelled(tmp_path, "file;label", lambda k: f"{k}.png;{k % 3},0")
    assert fp.datasets.open(table).train.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("file;a;b", "{k}.png;{k},5;1.{k},25", "Received: a and b. Name it label"),
        ("file;label", "{k}.png;{k},5", "Received: 0,5, 1,5, 2,5 and 37 more, which seem"),
        ("file,a,label", "{k}.png,{k},5,x", "most have 4. Received: 3 in line 1. Correct it"),
        ("file,label", "{k}.png,x\n{k}.png,1,000", "numbers with a comma"),
    ],
)
def test_what_a_label_file_says_of_commas_in_numbers(tmp_path, header, row, words):
    table = _labelled(tmp_path, header, lambda k: row.format(k=k))
    with pytest.raises(fp.DataError) as error:
        fp.datasets.open(table)
    assert words in str(error.value)


@pytest.mark.parametrize("mark", ",;")
def test_a_header_that_returns_is_named(tmp_path, mark):
    header, end = f"file{mark}label", "" if mark == "," else f"{mark}1,5"
    header += f"{mark}size" if end else ""
    table = _labelled(tmp_path, header, lambda k: f"{k}.png{mark}{'xy'[k % 2]}{end}", True)
    with pytest.raises(fp.DataError, match=r"the same names again in line 22\. Remove that line"):
        fp.datasets.open(table)


def test_a_column_of_a_table_without_names_is_no_choice(tmp_path):
    for k in range(4):
        Image.new("L", (4, 4), k).save(tmp_path / f"{k}.png")
    (tmp_path / "labels.csv").write_text("".join(f"{k}.png,{'ab'[k % 2]}\n" for k in range(4)))
    words = "Received: 'kind', of a table without names. Add a first line such as file,kind."
    refused(lambda: open_folder(tmp_path, "kind"), words)


def test_a_label_file_without_a_single_class_is_said_to_be_one(tmp_path):
    for k in range(4):
        Image.new("L", (4, 4), k).save(tmp_path / f"{k}.png")
    rows = "".join(f"{k}.png,\n" for k in range(4))
    (tmp_path / "labels.csv").write_text("file,label\n" + rows)
    words = "labels.csv: no class stands beside any image that it names."
    refused(lambda: open_folder(tmp_path), words)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("archive", [False, True])
def test_class_names_in_any_encoding(photos, encoding, ends, archive):
    rows = ["file,class", "a.jpg,zoë", "b.jpg,zoé", "c.jpg,zoë"]
    (photos / "labels.csv").write_bytes(ends.join(rows).encode(encoding))
    root = photos
    if archive:
        root = photos.parent / "photos.zip"
        with zipfile.ZipFile(root, "w") as file:
            for path in photos.iterdir():
                file.write(path, path.name)
    assert labels(root) == {"a.jpg": "zoë", "b.jpg": "zoé", "c.jpg": "zoë"}


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "form", ["{}", "{}.png", "photos/{}.png", "photos\\{}.png", "/home/me/{}.png"]
)
def test_integer_classes_do_not_name_files_that_are_called_by_integers(tmp_path, mark, first, form):
    touch(tmp_path / "photos", *(f"{k}.png" for k in range(12)))
    rows = [("class", "name"), *((str(k * k % 5), form.format(k)) for k in range(12))]
    text = "\n".join(mark.join(row if first else row[::-1]) for row in rows)
    (tmp_path / "photos" / "labels.csv").write_text(text)
    assert labels(tmp_path / "photos") == {f"{k}.png": str(k * k % 5) for k in range(12)}
