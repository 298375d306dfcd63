"""The fake device itself: import it first of all, then use `with FakeCuda() as gpu:`."""

from tests.fakecuda import build

build.load()

import collections  # noqa: E402
import traceback  # noqa: E402
import types  # noqa: E402

import torch  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_flatten, tree_map  # noqa: E402

aten = torch.ops.aten
COPIES = {aten._to_copy.default, aten.copy_.default, aten.copy.default}
INDEXING = {
    aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._unsafe_index.Tensor,
    aten._index_put_impl_.default,
}  # fmt: skip
PICKING = {aten.index.Tensor, aten._unsafe_index.Tensor}
SUMS = ("sum", "mean", "index_add", "scatter_add", "batch_norm", "var", "einsum", "logsumexp")
HALF = (torch.float16, torch.bfloat16)


def pretend() -> None:
    """Make `torch.cuda` say that there is one H100."""
    nothing = dict.fromkeys(
        ("_lazy_init", "synchronize", "empty_cache", "manual_seed_all", "set_rng_state_all",
         "reset_peak_memory_stats", "set_device"),
    )  # fmt: skip
    for name in nothing:
        setattr(torch.cuda, name, lambda *a, **k: None)
    about = types.SimpleNamespace(name="fake H100", total_memory=80 << 30, major=9, minor=0)
    answers = {
        "is_available": True, "device_count": 1, "current_device": 0, "max_memory_allocated": 0,
        "memory_allocated": 0, "get_device_capability": (9, 0), "get_device_name": "fake H100",
        "get_device_properties": about, "get_rng_state_all": [], "is_bf16_supported": True,
        "is_current_stream_capturing": False, "mem_get_info": (70 << 30, 80 << 30),
    }  # fmt: skip
    for name, value in answers.items():
        setattr(torch.cuda, name, lambda *a, value=value, **k: value)
    torch.tensor, torch.as_tensor = _by_way_of_cpu(torch.tensor), _by_way_of_cpu(torch.as_tensor)
    torch.Tensor.new_tensor = _new_tensor
    torch.nn.Module.to = _module_to(torch.nn.Module.to)


def _new_tensor(self, data, *, dtype=None, device=None):
    return torch.tensor(data, dtype=dtype or self.dtype, device=device or self.device)


def _by_way_of_cpu(make):
    def made(data, *args, device=None, **options):
        value = make(data, *args, **options)
        return value if device is None else value.to(device)

    return made


def _module_to(original):
    """Moving what is on the device already would swap the data of fake tensors: leave it."""

    def to(self, *args, **options):
        own = [*self.parameters(recurse=False), *self.buffers(recurse=False)]
        if any(isinstance(t.data, FakeTensor) or isinstance(t, FakeTensor) for t in own):
            for child in self.children():
                child.to(*args, **options)
            return self
        if any(isinstance(t, FakeTensor) for t in [*self.parameters(), *self.buffers()]):
            for child in self.children():
                child.to(*args, **options)
            return self
        return original(self, *args, **options)

    return to


def where() -> str:
    """The line of cvlib that asked for the operation."""
    for frame in reversed(traceback.extract_stack()):
        if "/cvlib/" in frame.filename:
            return f"cvlib/{frame.filename.split('/cvlib/')[-1]}:{frame.lineno}"
    return "backward"


class FakeCuda(TorchDispatchMode):
    """Counts, by line of code, what a training asks of the device."""

    def __init__(self):
        super().__init__()
        self.fake = FakeTensorMode(allow_non_fake_inputs=True)
        self.syncs = collections.Counter()
        self.half_sums = collections.Counter()
        self.half = collections.Counter()
        self.strangers = collections.Counter()  # generators of another device
        self.launches = 0

    def clear(self):
        """Count anew."""
        for counter in (self.syncs, self.half_sums, self.half):
            counter.clear()
        self.launches = 0

    def __torch_dispatch__(self, func, kinds, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if not _on_cuda((args, kwargs)):
            return func(*args, **kwargs)
        args, kwargs = self._without_generators(func, args, kwargs)
        known, value = self._needs_values(func, args, kwargs)
        if known:
            return value
        if func in INDEXING:
            args = (args[0], self._indices(args[1]), *args[2:])
        self._refuse_two_devices(func, args, kwargs)
        args, kwargs = tree_map(self._lifted, (args, kwargs))
        with self.fake:
            out = func(*args, **kwargs)
        self._count(func, out)
        return out

    def _sync(self, kind):
        self.syncs[f"{kind} at {where()}"] += 1

    def _without_generators(self, func, args, kwargs):
        def dropped(value):
            if not isinstance(value, torch.Generator):
                return value
            if value.device.type != "cuda":
                self.strangers[f"{func} at {where()}"] += 1
            return None

        return tuple(dropped(a) for a in args), {k: dropped(v) for k, v in kwargs.items()}

    def _needs_values(self, func, args, kwargs):
        """What the CPU waits for: (True, a value that could be) or (False, None)."""
        target = kwargs.get("device")
        to_cpu = target is not None and torch.device(target).type == "cpu"
        first = args[0] if args else None
        if func is aten._local_scalar_dense.default:
            self._sync("item")
            kind = first.dtype
            return True, True if kind == torch.bool else 1.0 if kind.is_floating_point else 1
        if func is aten._to_copy.default and to_cpu:
            self._sync("copy to the CPU")
            return True, torch.ones(first.shape, dtype=kwargs.get("dtype") or first.dtype)
        if func is aten.copy_.default and not isinstance(first, FakeTensor):
            self._sync("copy to the CPU")
            return True, first.fill_(1)
        if func in COPIES and not all(isinstance(t, FakeTensor) for t in _tensors(args)):
            self._sync("copy to the GPU")
        if func in (aten.equal.default, aten.is_nonzero.default):
            self._sync("comparison")
            return True, True
        if func in (aten.nonzero.default, aten.masked_select.default, aten._unique2.default):
            self._sync(str(func))
            return True, self._of_unknown_size(func, first)
        if func is aten.bincount.default:
            self._sync("bincount")
            with self.fake:
                return True, torch.zeros(_size(args, kwargs), dtype=torch.long, device="cuda")
        return False, None

    def _of_unknown_size(self, func, x):
        with self.fake:
            if func is aten.nonzero.default:
                return torch.empty(x.numel(), max(x.dim(), 1), dtype=torch.long, device="cuda")
            empty = torch.empty(x.numel(), dtype=x.dtype, device="cuda")
        return (empty, empty.long(), empty.long()) if func is aten._unique2.default else empty

    def _indices(self, given):
        """Indices as they reach the kernel; one on the CPU, or a mask, makes the CPU wait."""
        found = []
        for index in given:
            if index is None:
                found.append(None)
                continue
            if not isinstance(index, FakeTensor):
                self._sync("index from the CPU")
            elif index.dtype == torch.bool:
                self._sync("index by a mask")
            with self.fake:
                if index.dtype in (torch.bool, torch.uint8):
                    size, copies = (index.numel(),), index.dim()
                else:
                    size, copies = index.shape, 1
                found += [torch.zeros(size, dtype=torch.long, device="cuda") for _ in range(copies)]
        return found

    def _refuse_two_devices(self, func, args, kwargs):
        if func in COPIES:
            return
        tensors = [t for t in _tensors((args, kwargs)) if t.dim() > 0]
        if len({t.device.type for t in tensors}) > 1:
            about = ", ".join(f"{tuple(t.shape)} on {t.device.type}" for t in tensors)
            raise RuntimeError(f"two devices in {func}: {about} at {where()}")

    def _lifted(self, value):
        """A tensor of the CPU as a fake one, which alone may meet fake tensors."""
        if not isinstance(value, torch.Tensor) or isinstance(value, FakeTensor):
            return value
        with self.fake:
            return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="cpu")

    def _count(self, func, out):
        tensors = _tensors(out)
        name = str(func)
        if getattr(func, "is_view", False) or "empty" in name or name.startswith("prim"):
            return
        self.launches += 1
        if func in PICKING:
            return  # what is kept in half precision may be picked, not computed with
        if any(t.dtype in HALF for t in tensors):
            self.half[f"{name} at {where()}"] += 1
            if any(word in name for word in SUMS):
                self.half_sums[f"{name} at {where()}"] += 1


def _size(args, kwargs):
    """How many bins a `bincount` has at least."""
    return kwargs.get("minlength", args[2] if len(args) > 2 else 0) or 1


def _tensors(tree):
    return [t for t in tree_flatten(tree)[0] if isinstance(t, torch.Tensor)]


def _on_cuda(tree):
    leaves = tree_flatten(tree)[0]
    if any(isinstance(leaf, FakeTensor) for leaf in leaves):
        return True
    devices = [leaf for leaf in leaves if isinstance(leaf, torch.device)]
    return any(device.type == "cuda" for device in devices)


pretend()
