import hashlib
import runpy
import shutil
import zipfile

import numpy as np
import pytest
import torch

from cvlib.course import data, paths
from cvlib.course.data import formats, photos, registry
from cvlib.course.errors import CourseError, DataMissing
from tests.course.data.making import cifar, cifar_copy, jpeg, tar


def sha(*tensors):
    return hashlib.sha256(b"".join(t.numpy().tobytes() for t in tensors)).hexdigest()


def test_digits_split_never_changes():
    d = data.images("digits")
    assert (d.label, d.lossy, d.classes) == ("scikit-learn digits", False, tuple("0123456789"))
    assert d.train_x.shape == (1437, 1, 8, 8)
    assert d.test_x.shape == (360, 1, 8, 8)
    assert (d.train_x.dtype, d.train_y.dtype) == (torch.uint8, torch.int64)
    assert d.train_x.max() == 255
    assert sha(d.train_x, d.train_y, d.test_x, d.test_y).startswith("4cfd44b7746d344a")


def test_mnist5k_ships_and_is_balanced():
    d = data.images("mnist5k")
    assert d.label == "MNIST (5,000-digit subset)"
    assert d.train_x.shape == (5000, 1, 28, 28)
    assert d.test_x.shape == (1000, 1, 28, 28)
    assert torch.bincount(d.train_y).tolist() == [500] * 10
    assert torch.bincount(d.test_y).tolist() == [100] * 10
    assert torch.bincount(d.train_y[:500]).min() > 25  # shuffled, not sorted by class
    assert sha(d.train_x, d.train_y, d.test_x, d.test_y).startswith("0b9d570ef571be4f")
    assert (paths.SAMPLES / "mnist5k.npz").stat().st_size < 1.3e6


def test_the_real_cifar10_bears_its_name(course):
    cifar(course.given)
    cifar_copy(course.given)  # a copy beside the real set is not used
    d = data.images("cifar10")
    assert (d.label, d.lossy) == ("CIFAR-10", False)
    assert d.train_x.shape == (30, 3, 32, 32)
    assert d.classes[3] == "cat"


def test_the_lossy_copy_never_bears_the_name_of_the_set(course):
    cifar_copy(course.given)
    d = data.images("cifar10")
    assert (d.label, d.lossy) == ("CIFAR-10 (JPEG q75 copy)", True)
    assert d.train_x.shape == (4, 3, 32, 32)
    assert not course.asked


def test_with_neither_the_set_itself_is_asked_for(course):
    with pytest.raises(DataMissing, match="cifar10/binary is not here"):
        data.images("cifar10")


def test_images_are_decoded_once_into_the_cache_and_anew_when_the_source_changes(
    course, monkeypatch
):
    cifar_copy(course.given)
    course.given.chmod(0o555)
    first = data.images("cifar10")
    kept = list((course.cache / "decoded").iterdir())
    assert [k.name.startswith("cifar10-jpeg-") for k in kept] == [True]
    with monkeypatch.context() as patch:
        patch.setattr(formats, "decode", None)
        again = data.images("cifar10")
    assert torch.equal(first.train_x, again.train_x)
    kept[0].write_bytes(kept[0].read_bytes()[:100])  # a damaged cache is made again
    assert torch.equal(data.images("cifar10").train_x, first.train_x)
    course.given.chmod(0o755)
    shutil.rmtree(course.given)
    course.given.mkdir()
    cifar(course.given)
    assert len(data.images("cifar10").train_x) == 30


def test_without_a_cache_folder_the_images_are_decoded_each_time(course, capsys):
    cifar_copy(course.given)
    shutil.rmtree(course.cache)
    course.cache.write_text("a file stands here")
    assert len(data.images("cifar10").train_x) == 4
    assert "made again next time" in capsys.readouterr().out


def test_imagenette_is_cropped_shuffled_and_labelled(course):
    files = {"imagenette2-160/noisy.csv": b""}
    for i, wnid in enumerate(photos.IMAGENETTE):
        for split in ("train", "val"):
            name = f"imagenette2-160/{split}/{wnid}/{wnid}_1.JPEG"
            files[name] = jpeg((20 * i, 0, 0), size=(30 + i, 20))
    tar(course.given / "imagenette2-160.tgz", files)
    d = data.images("imagenette160", size=16)
    assert d.label == "Imagenette (160 px), centre crops 16x16"
    assert d.train_x.shape == d.test_x.shape == (10, 3, 16, 16)
    assert d.train_y.tolist() != sorted(d.train_y.tolist())
    assert (d.train_x[:, 0, 8, 8] - 20 * d.train_y).abs().max() <= 3
    assert d.classes[-1] == "parachute"
    assert data.images("imagenette160").train_x.shape == (10, 3, 160, 160)


def test_a_subset_says_so(course):
    for part in ("train", "val"):
        content = jpeg((9, 9, 9), (64, 64))
        np.savez(
            course.given / f"tinyimagenet20_{part}.npz",
            jpeg=np.frombuffer(content, np.uint8),
            offset=[0, len(content)],
            label=np.zeros(1, np.uint8),
            name=np.array(["golden retriever"]),
        )
    d = data.images("tinyimagenet20")
    assert d.label == "Tiny-ImageNet (20-class subset)"
    assert d.classes[0] == "golden retriever"
    assert len(d.classes) == 20


def test_the_subset_is_read_out_of_the_whole_where_only_that_is_here(course):
    root, classes = "tiny-imagenet-200", [*photos.TINY20, "n99999999"]
    photo = {wnid: jpeg((9 * i, 0, 0), (64, 64)) for i, wnid in enumerate(classes)}
    with zipfile.ZipFile(course.given / "tiny-imagenet-200.zip", "w") as archive:
        for i, wnid in enumerate(classes):
            archive.writestr(f"{root}/train/{wnid}/images/{wnid}_0.JPEG", photo[wnid])
            archive.writestr(f"{root}/val/images/val_{i}.JPEG", photo[wnid])
        lines = [f"val_{i}.JPEG\t{wnid}\t0\t0\t9\t9" for i, wnid in enumerate(classes)]
        archive.writestr(f"{root}/val/val_annotations.txt", "\n".join(lines))
        archive.writestr(f"{root}/test/images/test_0.JPEG", photo[classes[0]])
    d = data.images("tinyimagenet20")
    assert d.label == "Tiny-ImageNet (20-class subset)"
    assert d.train_x.shape == d.test_x.shape == (20, 3, 64, 64)
    assert sorted(d.train_y.tolist()) == sorted(d.test_y.tolist()) == list(range(20))
    assert d.train_y.tolist() != sorted(d.train_y.tolist())
    for x, y in ((d.train_x, d.train_y), (d.test_x, d.test_y)):
        assert (x[:, 0, 32, 32] - 9 * y).abs().max() <= 3


def test_unknown_sets_and_sizes_are_refused():
    with pytest.raises(CourseError, match="no image set 'cifar'"):
        data.images("cifar")
    with pytest.raises(CourseError, match="only imagenette160"):
        data.images("digits", size=16)


def _here(*names):
    """Skip unless a developer's data folder is named by $CVLIB_DATA and holds these files."""
    files = [registry.data_file(name) for name in names]
    return all((paths.cache_dir() / file.path).is_file() for file in files)


def test_real_mnist(tmp_path):
    if not _here("mnist/train-images", "mnist/test-labels"):
        pytest.skip("MNIST is not in $CVLIB_DATA")
    d = data.images("mnist")
    assert (d.label, d.train_x.shape, d.test_x.shape) == (
        "MNIST", (60000, 1, 28, 28), (10000, 1, 28, 28)
    )  # fmt: skip
    assert d.train_y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    script = runpy.run_path(str(paths.ROOT / "data" / "make_samples.py"))
    made = script["main"](tmp_path / "again.npz")
    with np.load(made) as a, np.load(paths.SAMPLES / "mnist5k.npz") as b:
        assert all(np.array_equal(a[key], b[key]) for key in ("x", "y", "tx", "ty"))


def test_real_cifar10_copy_has_the_statistics_of_cifar10():
    if not _here("cifar10-jpeg/train", "cifar10-jpeg/test"):
        pytest.skip("the CIFAR-10 copy is not in $CVLIB_DATA")
    d = data.images("cifar10")
    assert d.lossy == (d.label == "CIFAR-10 (JPEG q75 copy)")
    assert torch.bincount(d.train_y).tolist() == [5000] * 10
    mean = d.train_x[:10000].float().mean((0, 2, 3)) / 255
    torch.testing.assert_close(mean, torch.tensor([0.4914, 0.4822, 0.4465]), atol=0.005, rtol=0)
