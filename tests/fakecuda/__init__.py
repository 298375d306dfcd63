"""A GPU that computes nothing: the training code of the chapters runs on it without a GPU.

Tensors on `cuda` have shape, type and device but no values; autograd and autocast are the real
ones. It finds tensors on two devices in one operation, generators of the wrong device, points at
which the CPU must wait for the GPU, and sums in half precision. Values, memory and speed it cannot
tell.
"""
