"""The whole way for a photo of any size: restyled small, smoothed, carried to its full size."""

from torch import Tensor

from cvlib.stylization.baselines import affine_map, recolor
from cvlib.stylization.filters import upsample_result
from cvlib.stylization.methods import Networks, quickest
from cvlib.stylization.pairs import Masks
from cvlib.stylization.photos import resize
from cvlib.stylization.regions import resize_labels
from cvlib.stylization.smoothing import SmoothingSystem

WORKING = 110_000  # pixels at which the styling is done


def restyle_photo(
    content: Tensor, style: Tensor, masks: Masks | None = None, nets: Networks | None = None
) -> Tensor:
    """content (3, H, W) with the look of style (3, H', W') -> (3, H, W) in [0, 1].

    With networks it is the paper's method: PhotoWCT, then smoothing. Without, one affine colour map
    per region takes PhotoWCT's place. masks: int64 label maps (H, W) and (H', W').
    """
    small, look = resize(content, WORKING), resize(style, WORKING)
    if masks:
        masks = tuple(
            resize_labels(mask, *photo.shape[1:])
            for mask, photo in zip(masks, (small, look), strict=True)
        )
    if nets:
        styled = nets.photowct.stylize(small, look, masks)
    else:
        styled = recolor(affine_map, small, look, masks)
    smoothed = SmoothingSystem(small).solve(styled, quickest(small)).image
    return upsample_result(smoothed, small, content).clamp(0, 1)
