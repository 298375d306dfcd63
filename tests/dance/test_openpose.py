import json

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.openpose import read_openpose, write_openpose
from cvlib.dance.skeleton import BODY21, BODY25, COCO18, convert
from tests.dance.tracks import scattered


def person(skeleton, x=0.0, size=10.0, field="pose_keypoints_2d"):
    draw = torch.Generator().manual_seed(len(skeleton.joints))
    kp = torch.rand(len(skeleton.joints), 3, generator=draw) * size
    kp[:, 0] += x
    kp[:, 2] = 0.9
    return {field: kp.flatten().tolist()}, kp


def put(folder, name, people):
    (folder / name).write_text(json.dumps({"people": people}))


def test_there_and_back(tmp_path):
    kp = scattered(4).float() * 20
    kp[2, 5] = 0
    write_openpose(kp, tmp_path, BODY21)
    back = convert(read_openpose(tmp_path), BODY25, BODY21)
    torch.testing.assert_close(back, kp, rtol=0, atol=1e-3)
    torch.testing.assert_close(read_openpose(tmp_path, BODY21), back)


def test_nobody_is_confidence_zero(tmp_path):
    put(tmp_path, "a_0.json", [])
    one, kp = person(BODY25)
    put(tmp_path, "a_1.json", [one])
    found = read_openpose(tmp_path)
    assert (found[0] == 0).all()
    torch.testing.assert_close(found[1], kp)
    write_openpose(torch.zeros(1, 25, 3), tmp_path / "none")
    assert (read_openpose(tmp_path / "none") == 0).all()


def test_of_several_people_the_largest_is_taken(tmp_path):
    small, _ = person(BODY25, x=100, size=5)
    large, kp = person(BODY25, size=50)
    put(tmp_path, "f.json", [small, large])
    torch.testing.assert_close(read_openpose(tmp_path)[0], kp)


def test_older_files_are_read(tmp_path):
    one, kp = person(COCO18, field="pose_keypoints")
    put(tmp_path, "f.json", [one])
    torch.testing.assert_close(read_openpose(tmp_path, COCO18)[0], kp)
    assert read_openpose(tmp_path)[0, BODY25.index("mid_hip")[0], 2] > 0


def test_frames_come_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 9, 2):
        one, _ = person(BODY25, x=float(number))
        put(tmp_path, f"frame_{number}.json", [one])
    x = read_openpose(tmp_path)[:, 0, 0]
    assert (x.diff() > 0).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no JSON"),
        ("[]", "no list 'people'"),
        ('{"people": [{}]}', "no pose numbers"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "2 pose numbers"),
    ],
)
def test_what_is_no_pose_file_is_said_in_a_sentence(tmp_path, text, message):
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(CourseError, match=message):
        read_openpose(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(CourseError, match=r"holds no \.json"):
        read_openpose(tmp_path)
